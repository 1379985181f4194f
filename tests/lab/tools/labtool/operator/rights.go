package operator

import (
	"context"
	"log"
	"os"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// takeRights lets the operator do everything. The real chart's role, which the stand-in gets where that chart is
// deployed, is made for the real operator: it may bind any role, but not, for one, list the blocks of addresses. It is not
// the operator's rights that the lab tests.
func (o *Operator) takeRights(ctx context.Context) {
	own, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
	if err != nil {
		log.Print(err)
		return
	}
	const name = "tigera-operator-stand-in"
	err = o.client.Create(ctx, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", fields{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": fields{"name": name},
		"roleRef":  fields{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
		"subjects": list{fields{"kind": "ServiceAccount", "name": "tigera-operator", "namespace": string(own)}},
	})
	if err != nil && !kube.IsStatus(err, 409) {
		log.Printf("going on with the rights that the chart gives: %v", err)
	}
}
