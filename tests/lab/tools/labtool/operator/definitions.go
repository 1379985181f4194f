package operator

import "context"

// ensureDefinitions makes the one kind that the agents keep their blocks in, where the charts at hand have not brought
// it (the sandbox's own have not; the real ones have).
func (o *Operator) ensureDefinitions(ctx context.Context) error {
	if o.started {
		return nil
	}
	const name = "ipamblocks.crd.projectcalico.org"
	var present struct{}
	found, err := o.find(ctx, crdPath+"/"+name, &present)
	if err != nil || found {
		return err
	}
	anything := fields{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	return o.client.Create(ctx, crdPath, fields{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": fields{"name": name, "annotations": fields{"lab": "stand-in, not Calico's own"}},
		"spec": fields{
			"group": "crd.projectcalico.org", "scope": "Cluster",
			"names": fields{"kind": "IPAMBlock", "listKind": "IPAMBlockList", "plural": "ipamblocks", "singular": "ipamblock"},
			"versions": list{fields{
				"name": "v1", "served": true, "storage": true,
				"schema": fields{"openAPIV3Schema": fields{"type": "object", "properties": fields{"spec": anything}}},
			}},
		},
	})
}
