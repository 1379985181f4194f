package load

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// serviceAddress waits until a Service has its address, and gives it.
func serviceAddress(ctx context.Context, client *kube.Client, namespace, name string) (string, error) {
	for {
		var service struct {
			Spec struct {
				ClusterIP string
				Ports     []struct{ Port int }
			}
		}
		err := client.Get(ctx, fmt.Sprintf("/api/v1/namespaces/%s/services/%s", namespace, name), &service)
		if err == nil && service.Spec.ClusterIP != "" && len(service.Spec.Ports) > 0 {
			return net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(service.Spec.Ports[0].Port)), nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("service %s: %w", name, err)
		case <-time.After(time.Second):
		}
	}
}

// follower gives the addresses of the pods behind a Service, one after the other, and follows them when they are
// recreated. It calls a pod from the first time that it is ready until it is told to end. That the pod counts as not
// ready meanwhile is no reason to stop: a kubelet that starts again calls its whole node not ready for some seconds, with
// every pod of it, though the network and the servers are in order.
type follower struct {
	service string
	slices  interface {
		Items() ([]kube.EndpointSlice, bool)
	}
	wasReady  map[string]bool
	turn      int
	addresses []string
	looked    time.Time
}

func follow(service string, slices *kube.Store[kube.EndpointSlice]) *follower {
	return &follower{service: service, slices: slices, wasReady: map[string]bool{}}
}

// next gives an address; an empty one when there is nobody to call. It is for one goroutine.
func (f *follower) next(now time.Time) string {
	// Looked at anew for every call, but for calls that come in a burst.
	if now.Sub(f.looked) > 5*time.Millisecond {
		f.looked = now
		f.look()
	}
	if len(f.addresses) == 0 {
		return ""
	}
	f.turn++
	return f.addresses[f.turn%len(f.addresses)]
}

func (f *follower) look() {
	f.addresses = f.addresses[:0]
	present := map[string]bool{}
	slices, _ := f.slices.Items()
	for _, slice := range slices {
		if slice.Service() != f.service || len(slice.Ports) == 0 {
			continue
		}
		port := strconv.Itoa(slice.Ports[0].Port)
		for _, endpoint := range slice.Endpoints {
			for _, ip := range endpoint.Addresses {
				address := net.JoinHostPort(ip, port)
				present[address] = true
				if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
					f.wasReady[address] = true
				}
				ending := endpoint.Conditions.Terminating != nil && *endpoint.Conditions.Terminating
				if f.wasReady[address] && !ending {
					f.addresses = append(f.addresses, address)
				}
			}
		}
	}
	// Another pod may get the address later.
	for address := range f.wasReady {
		if !present[address] {
			delete(f.wasReady, address)
		}
	}
}
