package operator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

const (
	installationPath = "/apis/operator.tigera.io/v1/installations/default"
	apiServerPath    = "/apis/operator.tigera.io/v1/apiservers/default"
	felixPath        = "/apis/crd.projectcalico.org/v1/felixconfigurations"
	blocksPath       = "/apis/crd.projectcalico.org/v1/ipamblocks"
	crdPath          = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	digestAnnotation = "lab/digest"
)

// finalizer keeps an Installation until what was made of it is gone. The name is Tigera's.
const finalizer = "tigera.io/operator-cleanup"

// Operator looks again and again; it remembers only what saves it work.
type Operator struct {
	client    *kube.Client
	published map[string]Verdict
	started   bool
}

type owner struct {
	Metadata kube.Meta `json:"metadata"`
	Spec     Settings  `json:"spec"`
}

func (o *Operator) reconcile(ctx context.Context) error {
	if err := o.ensureDefinitions(ctx); err != nil {
		return err
	}
	var installation, apiServer owner
	hasInstallation, err := o.find(ctx, installationPath, &installation)
	if err != nil {
		return err
	}
	hasAPI, err := o.find(ctx, apiServerPath, &apiServer)
	if err != nil {
		return err
	}
	if !hasAPI || !hasInstallation || apiServer.Metadata.DeletionTimestamp != nil {
		if err := o.remove(ctx, "apiserver", apiObjects()); err != nil {
			return err
		}
	}
	if !hasInstallation {
		for _, name := range []string{"calico", "ippools"} {
			if err := o.retract(ctx, name); err != nil {
				return err
			}
		}
		return nil
	}
	if installation.Metadata.DeletionTimestamp != nil {
		return o.tearDown(ctx, installation)
	}
	if err := o.hold(ctx, installation); err != nil {
		return err
	}
	if err := o.install(ctx, installation, hasAPI); err != nil {
		return err
	}
	if hasAPI {
		return o.installAPI(ctx, apiServer)
	}
	return nil
}

func (o *Operator) install(ctx context.Context, installation owner, hasAPI bool) error {
	generation := installation.Metadata.Generation
	if err := o.completeFelix(ctx); err != nil {
		return err
	}
	pools, err := o.reconcilePools(ctx, installation.Spec.CalicoNetwork.IPPools, hasAPI)
	if err != nil {
		return err
	}
	pools.Generation = generation
	if err := o.publish(ctx, "ippools", pools); err != nil {
		return err
	}
	if err := o.ensure(ctx, calicoObjects(installation.Spec)); err != nil {
		return err
	}
	if err := o.releaseBlocks(ctx); err != nil {
		return err
	}
	waiting, err := o.waitingFor(ctx, "daemonsets/calico-node", "deployments/calico-kube-controllers")
	if err != nil {
		return err
	}
	return o.publish(ctx, "calico", Verdict{Waiting: waiting, Generation: generation})
}

func (o *Operator) installAPI(ctx context.Context, apiServer owner) error {
	if err := o.ensure(ctx, apiObjects()); err != nil {
		return err
	}
	waiting, err := o.waitingFor(ctx, "deployments/calico-apiserver")
	if err != nil {
		return err
	}
	return o.publish(ctx, "apiserver", Verdict{Waiting: waiting, Generation: apiServer.Metadata.Generation})
}

// reconcilePools makes the declared pools, and takes away those of ours that are declared no more. The real operator
// cannot do the latter without Calico's API server, and says so; nor does this one.
func (o *Operator) reconcilePools(ctx context.Context, declared []Pool, hasAPI bool) (Verdict, error) {
	wanted := map[string]bool{}
	var objects []Object
	for _, pool := range declared {
		made := ipPool(pool)
		wanted[made.Path()] = true
		objects = append(objects, made)
	}
	if err := o.ensure(ctx, objects); err != nil {
		return Verdict{}, err
	}
	var present struct{ Items []kube.Named }
	if err := o.client.Get(ctx, poolsPath, &present); err != nil {
		return Verdict{}, err
	}
	for _, pool := range present.Items {
		path := poolsPath + "/" + pool.Metadata.Name
		if wanted[path] || pool.Metadata.Annotations[digestAnnotation] == "" {
			continue
		}
		if !hasAPI {
			return Verdict{Degraded: "Unable to delete IP pools while Calico API server is unavailable"}, nil
		}
		log.Printf("the pool %s is declared no more", pool.Metadata.Name)
		if err := o.client.Delete(ctx, path); err != nil {
			return Verdict{}, err
		}
	}
	return Verdict{}, nil
}

// completeFelix adds what the operator adds to FelixConfiguration `default`, and leaves alone what is there.
func (o *Operator) completeFelix(ctx context.Context) error {
	own := fields{"healthPort": 9099, "vxlanVNI": 4096, "nftablesMode": "Disabled", "bpfEnabled": false}
	var present struct{ Spec fields }
	found, err := o.find(ctx, felixPath+"/default", &present)
	if err != nil {
		return err
	}
	if !found {
		return o.client.Create(ctx, felixPath, fields{
			"apiVersion": "crd.projectcalico.org/v1", "kind": "FelixConfiguration", "metadata": fields{"name": "default"}, "spec": own,
		})
	}
	missing := fields{}
	for key, value := range own {
		if _, has := present.Spec[key]; !has {
			missing[key] = value
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return o.client.Merge(ctx, felixPath+"/default", fields{"spec": missing})
}

// releaseBlocks gives the blocks of nodes that are gone back to their pool, as Calico's kube-controllers do.
func (o *Operator) releaseBlocks(ctx context.Context) error {
	var blocks struct{ Items []kube.Block }
	if err := o.client.Get(ctx, blocksPath, &blocks); err != nil {
		return err
	}
	var nodes struct{ Items []kube.Node }
	if err := o.client.Get(ctx, "/api/v1/nodes", &nodes); err != nil {
		return err
	}
	alive := map[string]bool{}
	for _, node := range nodes.Items {
		alive["host:"+node.Metadata.Name] = true
	}
	for _, block := range blocks.Items {
		if !alive[block.Spec.Affinity] {
			log.Printf("the block %s belongs to %s, which is gone", block.Spec.CIDR, block.Spec.Affinity)
			if err := o.client.Delete(ctx, blocksPath+"/"+block.Metadata.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// waitingFor says which of these workloads of calico-system is not complete; empty when all are.
func (o *Operator) waitingFor(ctx context.Context, workloads ...string) (string, error) {
	for _, workload := range workloads {
		var have struct {
			Metadata kube.Meta
			Spec     struct{ Replicas int }
			Status   struct {
				ObservedGeneration                                                int64
				DesiredNumberScheduled, NumberReady, UpdatedNumberScheduled       int
				UpdatedReplicas, AvailableReplicas, Replicas, UnavailableReplicas int
			}
		}
		if err := o.client.Get(ctx, within("apis/apps/v1", workload), &have); err != nil {
			return "", err
		}
		s := have.Status
		desired, updated, ready := have.Spec.Replicas, s.UpdatedReplicas, s.AvailableReplicas
		if have.Spec.Replicas == 0 {
			desired, updated, ready = s.DesiredNumberScheduled, s.UpdatedNumberScheduled, s.NumberReady
		}
		if s.ObservedGeneration < have.Metadata.Generation || desired == 0 || updated < desired || ready < desired {
			return fmt.Sprintf("%s/%s: %d of %d are ready, %d of the last change", namespace, workload, ready, desired, updated), nil
		}
	}
	return "", nil
}

// tearDown takes away what was made of an Installation, then lets the Installation go. The agents end before their rights
// do, or they could not say that their node has no network any more. The pools and the blocks stay, as the real operator
// leaves them.
func (o *Operator) tearDown(ctx context.Context, installation owner) error {
	objects := calicoObjects(installation.Spec)
	slices.Reverse(objects)
	for _, workloads := range []bool{true, false} {
		for _, object := range objects {
			if strings.HasPrefix(object.Collection, "/apis/apps/") != workloads {
				continue
			}
			if err := o.client.Delete(ctx, object.Path()); err != nil {
				return err
			}
		}
		var agents struct{ Items []kube.Named }
		if err := o.client.Get(ctx, within("api/v1", "pods")+"?labelSelector=k8s-app%3Dcalico-node", &agents); err != nil {
			return err
		}
		if workloads && len(agents.Items) > 0 {
			return fmt.Errorf("the Installation is being deleted: %d calico-node pods are still ending", len(agents.Items))
		}
	}
	for _, name := range []string{"calico", "ippools"} {
		if err := o.retract(ctx, name); err != nil {
			return err
		}
	}
	log.Printf("the Installation is being deleted: what was made of it is gone, its finalizer too")
	return o.setFinalizers(ctx, installation, false)
}

func (o *Operator) remove(ctx context.Context, status string, objects []Object) error {
	if _, known := o.published[status]; !known && o.started {
		return nil
	}
	for i := len(objects) - 1; i >= 0; i-- {
		if err := o.client.Delete(ctx, objects[i].Path()); err != nil {
			return err
		}
	}
	return o.retract(ctx, status)
}

func (o *Operator) hold(ctx context.Context, installation owner) error {
	for _, name := range installation.Metadata.Finalizers {
		if name == finalizer {
			return nil
		}
	}
	return o.setFinalizers(ctx, installation, true)
}

func (o *Operator) setFinalizers(ctx context.Context, installation owner, with bool) error {
	names := list{}
	for _, name := range installation.Metadata.Finalizers {
		if name != finalizer {
			names = append(names, name)
		}
	}
	if with {
		names = append(names, finalizer)
	}
	return o.client.Merge(ctx, installationPath, fields{"metadata": fields{"finalizers": names}})
}

// ensure makes objects so. What was written is known by a digest, so that others' defaults and additions make no work.
func (o *Operator) ensure(ctx context.Context, objects []Object) error {
	for _, wanted := range objects {
		content, err := json.Marshal(wanted.Body)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		digest := hex.EncodeToString(sum[:8])
		metadata := wanted.Body["metadata"].(fields)
		metadata["annotations"] = fields{digestAnnotation: digest}
		var present kube.Named
		found, err := o.find(ctx, wanted.Path(), &present)
		if err != nil {
			return err
		}
		switch {
		case !found:
			err = o.client.Create(ctx, wanted.Collection, wanted.Body)
		case present.Metadata.DeletionTimestamp != nil:
			return fmt.Errorf("%s is still being deleted", wanted.Path())
		case present.Metadata.Annotations[digestAnnotation] != digest:
			// A Service keeps its address: what is not said stays.
			err = o.client.Merge(ctx, wanted.Path(), wanted.Body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *Operator) find(ctx context.Context, path string, out any) (bool, error) {
	err := o.client.Get(ctx, path, out)
	if kube.IsStatus(err, http.StatusNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (o *Operator) run(ctx context.Context) {
	last := ""
	for ctx.Err() == nil {
		err := o.reconcile(ctx)
		text := "in order"
		if err == nil {
			o.started = true
		} else {
			text = err.Error()
		}
		if text != last {
			log.Print(text)
			last = text
		}
		time.Sleep(time.Second)
	}
}
