// Package operator stands in for the Tigera operator: it makes of an Installation and an APIServer what the real one
// would (the names, the order, the statuses), with the lab's own agent in place of Calico.
package operator

import (
	"fmt"
	"sort"
	"strings"
)

// image is the lab's own (tests/lab/image).
const image = "docker.io/lab/node:1"

const namespace = "calico-system"

type fields = map[string]any
type list = []any

// Object is a Kubernetes object and where it belongs.
type Object struct {
	// Collection is the path that it is made under; its own path is that and its name.
	Collection string
	Body       fields
}

// Path is the object's own.
func (o Object) Path() string {
	return o.Collection + "/" + o.Body["metadata"].(fields)["name"].(string)
}

func object(version, kind, collection, name string, rest fields) Object {
	metadata := fields{"name": name, "labels": fields{"app.kubernetes.io/part-of": "calico-stand-in", "k8s-app": name}}
	if strings.Contains(collection, "/namespaces/") {
		metadata["namespace"] = namespace
	}
	body := fields{"apiVersion": version, "kind": kind, "metadata": metadata}
	for key, value := range rest {
		body[key] = value
	}
	return Object{collection, body}
}

func within(group, plural string) string {
	return "/" + group + "/namespaces/" + namespace + "/" + plural
}

// Settings are the parts of Installation.spec that the stand-in obeys.
type Settings struct {
	CalicoNetwork struct {
		MTU     int    `json:"mtu"`
		IPPools []Pool `json:"ipPools"`
	} `json:"calicoNetwork"`
}

// Pool is an entry of Installation.spec.calicoNetwork.ipPools.
type Pool struct {
	Name                  string `json:"name"`
	CIDR                  string `json:"cidr"`
	BlockSize             int    `json:"blockSize"`
	Encapsulation         string `json:"encapsulation"`
	NATOutgoing           string `json:"natOutgoing"`
	NodeSelector          string `json:"nodeSelector"`
	DisableNewAllocations bool   `json:"disableNewAllocations"`
}

const poolsPath = "/apis/crd.projectcalico.org/v1/ippools"

// ipPool is a pool in the form that Felix reads.
func ipPool(pool Pool) Object {
	name := pool.Name
	if name == "" {
		name = strings.NewReplacer(".", "-", "/", "-").Replace(pool.CIDR)
	}
	mode := "Always"
	if pool.Encapsulation == "VXLANCrossSubnet" {
		mode = "CrossSubnet"
	}
	spec := fields{
		"cidr": pool.CIDR, "blockSize": pool.BlockSize, "ipipMode": "Never", "vxlanMode": mode,
		"natOutgoing": pool.NATOutgoing != "Disabled", "nodeSelector": pool.NodeSelector,
		"allowedUses": list{"Workload", "Tunnel"},
	}
	if pool.DisableNewAllocations {
		spec["disabled"] = true
	}
	return object("crd.projectcalico.org/v1", "IPPool", poolsPath, name, fields{"spec": spec})
}

// calicoObjects is what an Installation is made into, in the order in which it is made.
func calicoObjects(settings Settings) []Object {
	return append([]Object{
		object("v1", "Namespace", "/api/v1/namespaces", namespace, fields{"metadata": fields{
			"name":   namespace,
			"labels": fields{"name": namespace, "pod-security.kubernetes.io/enforce": "privileged"},
		}}),
	}, append(access(), nodeDaemonSet(settings), kubeControllers())...)
}

// access is who may do what: the agent, and the CNI plugin.
func access() []Object {
	rules := func(entries ...fields) fields {
		all := make(list, len(entries))
		for i, entry := range entries {
			all[i] = entry
		}
		return fields{"rules": all}
	}
	rule := func(group, resources, verbs string) fields {
		words := func(text string) list {
			var out list
			for _, word := range strings.Fields(text) {
				out = append(out, word)
			}
			return out
		}
		return fields{"apiGroups": list{group}, "resources": words(resources), "verbs": words(verbs)}
	}
	var out []Object
	for name, role := range map[string]fields{
		// Wide enough for the real Felix too (LAB_EXTRAS).
		"calico-node": rules(
			rule("", "nodes pods namespaces services endpoints serviceaccounts configmaps", "get list watch"),
			rule("", "nodes nodes/status pods/status", "patch update"),
			rule("", "serviceaccounts/token", "create"),
			rule("networking.k8s.io", "networkpolicies", "get list watch"),
			rule("policy.networking.k8s.io", "*", "get list watch"),
			rule("discovery.k8s.io", "endpointslices", "get list watch"),
			rule("crd.projectcalico.org", "*", "*"),
		),
		"calico-cni-plugin": rules(
			rule("", "nodes namespaces serviceaccounts", "get"),
			rule("", "pods pods/status", "get patch"),
			rule("crd.projectcalico.org", "*", "*"),
		),
	} {
		out = append(out,
			object("v1", "ServiceAccount", within("api/v1", "serviceaccounts"), name, nil),
			object("rbac.authorization.k8s.io/v1", "ClusterRole", "/apis/rbac.authorization.k8s.io/v1/clusterroles", name, role),
			object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", name, fields{
				"roleRef":  fields{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
				"subjects": list{fields{"kind": "ServiceAccount", "name": name, "namespace": namespace}},
			}))
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path() < out[j].Path() })
	return out
}

// tolerateAll lets a pod onto nodes that nothing else may go to yet.
var tolerateAll = list{fields{"operator": "Exists"}}

func nodeDaemonSet(settings Settings) Object {
	root := fields{"name": "host", "mountPath": "/host", "mountPropagation": "HostToContainer"}
	privileged := fields{"privileged": true}
	field := func(name, path string) fields {
		return fields{"name": name, "valueFrom": fields{"fieldRef": fields{"fieldPath": path}}}
	}
	probe := func(path string, period, failures int) fields {
		return fields{
			"httpGet":       fields{"host": "127.0.0.1", "port": 9099, "path": path},
			"periodSeconds": period, "timeoutSeconds": 5, "failureThreshold": failures,
		}
	}
	return object("apps/v1", "DaemonSet", within("apis/apps/v1", "daemonsets"), "calico-node", fields{"spec": fields{
		"selector":       fields{"matchLabels": fields{"k8s-app": "calico-node"}},
		"updateStrategy": fields{"type": "RollingUpdate", "rollingUpdate": fields{"maxUnavailable": 1}},
		"template": fields{
			"metadata": fields{"labels": fields{"k8s-app": "calico-node", "app.kubernetes.io/name": "calico-node"}},
			"spec": fields{
				"hostNetwork": true, "serviceAccountName": "calico-node", "priorityClassName": "system-node-critical",
				"nodeSelector": fields{"kubernetes.io/os": "linux"}, "tolerations": tolerateAll,
				"terminationGracePeriodSeconds": 5,
				"initContainers": list{fields{
					"name": "install-cni", "image": image, "command": list{"calico-node", "install-cni"},
					"volumeMounts": list{root}, "securityContext": privileged,
				}},
				"containers": list{fields{
					"name": "calico-node", "image": image, "command": list{"calico-node"},
					"env": list{
						field("NODENAME", "spec.nodeName"), field("IP", "status.hostIP"),
						fields{"name": "FELIX_VXLANMTU", "value": fmt.Sprint(settings.CalicoNetwork.MTU)},
					},
					"volumeMounts": list{root}, "securityContext": privileged,
					"readinessProbe": probe("/readiness", 2, 3), "livenessProbe": probe("/liveness", 10, 6),
				}},
				"volumes": list{fields{"name": "host", "hostPath": fields{"path": "/"}}},
			},
		},
	}})
}

// deployment is a workload on the pod network: one of those that a change of the CNI has to recreate.
func deployment(name string, replicas int, container fields) Object {
	container["name"], container["image"] = name, image
	return object("apps/v1", "Deployment", within("apis/apps/v1", "deployments"), name, fields{"spec": fields{
		"replicas": replicas,
		"selector": fields{"matchLabels": fields{"k8s-app": name}},
		"template": fields{
			"metadata": fields{"labels": fields{"k8s-app": name, "app.kubernetes.io/name": name}},
			"spec": fields{
				"nodeSelector": fields{"kubernetes.io/os": "linux"}, "tolerations": tolerateAll,
				"priorityClassName": "system-cluster-critical", "terminationGracePeriodSeconds": 5,
				"containers": list{container},
				"affinity": fields{"podAntiAffinity": fields{"preferredDuringSchedulingIgnoredDuringExecution": list{fields{
					"weight": 1,
					"podAffinityTerm": fields{
						"labelSelector": fields{"matchLabels": fields{"k8s-app": name}}, "topologyKey": "kubernetes.io/hostname",
					},
				}}}},
			},
		},
	}})
}

func kubeControllers() Object {
	return deployment("calico-kube-controllers", 1, fields{"command": list{"labtool", "pause"}})
}

// apiObjects is what an APIServer is made into: the group projectcalico.org/v3 as an aggregated API, which serves
// nothing but its own name. Whoever removes Calico without it leaves an APIService that nobody answers for.
func apiObjects() []Object {
	const port = 5443
	return []Object{
		deployment("calico-apiserver", 2, fields{
			"command":        list{"labtool", "apiserver"},
			"ports":          list{fields{"containerPort": port}},
			"readinessProbe": fields{"httpGet": fields{"scheme": "HTTPS", "port": port, "path": "/readyz"}, "periodSeconds": 2},
		}),
		object("policy/v1", "PodDisruptionBudget", within("apis/policy/v1", "poddisruptionbudgets"), "calico-apiserver", fields{
			"spec": fields{"maxUnavailable": 1, "selector": fields{"matchLabels": fields{"k8s-app": "calico-apiserver"}}},
		}),
		object("v1", "Service", within("api/v1", "services"), "calico-api", fields{"spec": fields{
			"selector": fields{"k8s-app": "calico-apiserver"},
			"ports":    list{fields{"name": "apiserver", "port": 443, "targetPort": port, "protocol": "TCP"}},
		}}),
		object("apiregistration.k8s.io/v1", "APIService", "/apis/apiregistration.k8s.io/v1/apiservices", "v3.projectcalico.org", fields{
			"spec": fields{
				"group": "projectcalico.org", "version": "v3", "groupPriorityMinimum": 1500, "versionPriority": 200,
				"insecureSkipTLSVerify": true, "service": fields{"namespace": namespace, "name": "calico-api", "port": 443},
			},
		}),
	}
}
