package operator

import (
	"context"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

const statusPath = "/apis/operator.tigera.io/v1/tigerastatuses"

// Verdict is what a TigeraStatus says.
type Verdict struct {
	// Waiting says what is not there yet; empty when all is.
	Waiting string
	// Degraded says what has failed; empty when nothing has.
	Degraded string
	// Generation of the object that was looked at.
	Generation int64
}

func (v Verdict) conditions() list {
	condition := func(kind string, holds bool, message string) fields {
		status, reason := "False", "NotApplicable"
		if holds {
			status, reason = "True", "Unknown"
		}
		if kind == "Available" && holds {
			reason = "AllObjectsAvailable"
		}
		return fields{
			"type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": v.Generation,
			"lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
		}
	}
	return list{
		condition("Available", v.Waiting == "" && v.Degraded == "", "All objects available"),
		condition("Progressing", v.Waiting != "", v.Waiting),
		condition("Degraded", v.Degraded != "", v.Degraded),
	}
}

// publish writes a TigeraStatus when it differs from what was written last.
func (o *Operator) publish(ctx context.Context, name string, verdict Verdict) error {
	if last, known := o.published[name]; known && last == verdict {
		return nil
	}
	err := o.client.Create(ctx, statusPath, fields{
		"apiVersion": "operator.tigera.io/v1", "kind": "TigeraStatus", "metadata": fields{"name": name}, "spec": fields{},
	})
	if err != nil && !kube.IsStatus(err, 409) {
		return err
	}
	patch := fields{"status": fields{"conditions": verdict.conditions()}}
	if err := o.client.Merge(ctx, statusPath+"/"+name+"/status", patch); err != nil {
		return err
	}
	o.published[name] = verdict
	return nil
}

func (o *Operator) retract(ctx context.Context, name string) error {
	if _, known := o.published[name]; known || !o.started {
		if err := o.client.Delete(ctx, statusPath+"/"+name); err != nil {
			return err
		}
	}
	delete(o.published, name)
	return nil
}
