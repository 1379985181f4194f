package main

import (
	"net/http"
	"slices"
	"time"
)

// etcdFinalizer keeps a server's Node object until its etcd member is gone, as in K3s.
const etcdFinalizer = "wrangler.cattle.io/managed-etcd-controller"

const (
	etcdNameAnnotation    = "etcd.k3s.cattle.io/node-name"
	etcdAddressAnnotation = "etcd.k3s.cattle.io/node-address"
)

// keepNodeObject gives this server's Node object what K3s gives it, and does a server's share of looking after etcd's
// members, until the process ends.
func (srv *server) keepNodeObject() {
	for told := ""; ; time.Sleep(3 * time.Second) {
		if err := srv.updateNodeObject(); err != nil && err.Error() != told {
			told = err.Error()
			info("The node object is not up to date yet: %v", err)
		}
	}
}

func (srv *server) updateNodeObject() error {
	var nodes objects
	if err := srv.api.get("/api/v1/nodes", &nodes); err != nil {
		return err
	}
	store, isEtcd := srv.datastore.(*etcd)
	for _, one := range nodes.Items {
		if isEtcd && one.Metadata.DeletionTimestamp != "" && one.Metadata.Name != srv.node.name {
			if err := store.removeNode(srv.api, one); err != nil {
				return err
			}
		}
		if one.Metadata.Name == srv.node.name && one.Metadata.DeletionTimestamp == "" {
			if err := srv.mark(one, store); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark sets labels, annotations, the finalizer and the condition EtcdIsVoter where they are not set yet.
func (srv *server) mark(now object, store *etcd) error {
	labels := map[string]string{"node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/master": "true"}
	annotations := map[string]string{}
	finalizers := now.Metadata.Finalizers
	if store != nil {
		labels["node-role.kubernetes.io/etcd"] = "true"
		annotations[etcdNameAnnotation], annotations[etcdAddressAnnotation] = store.name, srv.node.address
		if !slices.Contains(finalizers, etcdFinalizer) {
			finalizers = append(finalizers, etcdFinalizer)
		}
	}
	path := "/api/v1/nodes/" + srv.node.name
	if !includes(now.Metadata.Labels, labels) || !includes(now.Metadata.Annotations, annotations) || len(finalizers) != len(now.Metadata.Finalizers) {
		change := map[string]any{"labels": labels, "annotations": annotations}
		if len(finalizers) > 0 {
			change["finalizers"] = finalizers
		}
		if err := srv.api.patch(path, false, map[string]any{"metadata": change}); err != nil {
			return err
		}
	}
	if store == nil {
		return nil
	}
	return store.tellVoter(srv.api, path, now)
}

// tellVoter keeps the condition that says whether this server's etcd member votes.
func (e *etcd) tellVoter(api *httpsClient, path string, now object) error {
	own, err := e.memberBy(e.local)
	if err != nil {
		return err
	}
	status, reason, message := "True", "MemberNotLearner", "Node is a voting member of the etcd cluster"
	if own.IsLearner {
		status, reason, message = "False", "MemberIsLearner", "Node has not been promoted to voting member of the etcd cluster"
	}
	for _, condition := range now.Status.Conditions {
		if condition.Type == "EtcdIsVoter" && condition.Status == status {
			return nil
		}
	}
	moment := time.Now().UTC().Format(time.RFC3339)
	condition := map[string]string{"type": "EtcdIsVoter", "status": status, "reason": reason, "message": message,
		"lastHeartbeatTime": moment, "lastTransitionTime": moment}
	return api.patch(path+"/status", true, map[string]any{"status": map[string]any{"conditions": []any{condition}}})
}

// removeNode takes the member of a server whose Node object is being deleted out of etcd, then lets the object go.
func (e *etcd) removeNode(api *httpsClient, gone object) error {
	if !slices.Contains(gone.Metadata.Finalizers, etcdFinalizer) {
		return nil
	}
	var now memberList
	if err := e.local.post("/v3/cluster/member/list", struct{}{}, &now); err != nil {
		return err
	}
	for _, one := range now.Members {
		if one.Name != gone.Metadata.Annotations[etcdNameAnnotation] {
			continue
		}
		info("Removing etcd member %s of the deleted node %s", one.Name, gone.Metadata.Name)
		if err := e.local.post("/v3/cluster/member/remove", map[string]string{"ID": one.ID}, nil); err != nil {
			return err
		}
	}
	finalizers := slices.DeleteFunc(slices.Clone(gone.Metadata.Finalizers), func(name string) bool { return name == etcdFinalizer })
	err := api.patch("/api/v1/nodes/"+gone.Metadata.Name, false, map[string]any{"metadata": map[string]any{"finalizers": finalizers}})
	if status, ok := err.(statusError); ok && status.code == http.StatusNotFound {
		return nil
	}
	return err
}

func includes(all, wanted map[string]string) bool {
	for name, value := range wanted {
		if all[name] != value {
			return false
		}
	}
	return true
}
