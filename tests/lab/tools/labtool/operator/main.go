package operator

import (
	"context"
	"log"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// Main is the operator command. It takes the real one's arguments, so that the real chart can start it: `-pre-delete`
// deletes the custom resources and waits until they are gone; the others change nothing.
func Main(args []string) int {
	log.SetFlags(log.LstdFlags | log.LUTC)
	log.SetPrefix("tigera-operator (stand-in): ")
	client, err := kube.InCluster()
	if err != nil {
		log.Print(err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	o := &Operator{client: client, published: map[string]Verdict{}}
	if slices.Contains(args, "-pre-delete") {
		return o.preDelete(ctx)
	}
	o.takeRights(ctx)
	log.Print("this is the lab's stand-in for the Tigera operator; nothing of Calico runs here")
	o.run(ctx)
	return 0
}

func (o *Operator) preDelete(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for _, path := range []string{installationPath, apiServerPath} {
		if err := o.client.Delete(ctx, path); err != nil {
			log.Print(err)
			return 1
		}
	}
	for ctx.Err() == nil {
		var any struct{}
		first, err1 := o.find(ctx, installationPath, &any)
		second, err2 := o.find(ctx, apiServerPath, &any)
		if err1 == nil && err2 == nil && !first && !second {
			return 0
		}
		time.Sleep(time.Second)
	}
	log.Print("the Installation was not gone after five minutes")
	return 1
}
