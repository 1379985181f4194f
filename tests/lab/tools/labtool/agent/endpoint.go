package agent

import (
	"crypto/sha1"
	"encoding/hex"
	"os"
	"path/filepath"
	"sort"

	"seldon-k3s/tests/lab/tools/labtool/kube"
	"seldon-k3s/tests/lab/tools/labtool/policy"
)

// StatusFolder holds one file for each pod whose rules stand; the CNI plugin waits for it. Below the node's /run/calico.
const StatusFolder = "endpoint-status"

// ifaceOf names the host's end of a pod's veth pair. It follows from the pod's name, so that rules can be there before
// the device is.
func ifaceOf(namespace, pod string) string {
	sum := sha1.Sum([]byte(namespace + "." + pod))
	return "cali" + hex.EncodeToString(sum[:])[:11]
}

// IfaceOf is ifaceOf for the CNI plugin.
func IfaceOf(namespace, pod string) string { return ifaceOf(namespace, pod) }

// endpointsOf gives this node's pods with what may reach them, by device name.
func endpointsOf(node string, state policy.State) []Endpoint {
	var endpoints []Endpoint
	for _, pod := range state.Pods {
		if pod.Spec.NodeName == node && !pod.Spec.HostNetwork && !pod.Finished() {
			endpoints = append(endpoints, Endpoint{
				Iface:   ifaceOf(pod.Metadata.Namespace, pod.Metadata.Name),
				Ingress: policy.IngressOf(pod, state),
			})
		}
	}
	sort.Slice(endpoints, func(i, j int) bool { return endpoints[i].Iface < endpoints[j].Iface })
	return endpoints
}

// writeStatus makes the files in the status folder those of these endpoints.
func writeStatus(folder string, endpoints []Endpoint) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, endpoint := range endpoints {
		wanted[endpoint.Iface] = true
		if err := os.WriteFile(filepath.Join(folder, endpoint.Iface), nil, 0o644); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !wanted[entry.Name()] {
			if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// planeOf puts together what the packet filter must do.
func planeOf(node string, pools []kube.IPPool, nodes []kube.Node, state policy.State) Dataplane {
	plane := Dataplane{Endpoints: endpointsOf(node, state)}
	for _, pool := range pools {
		plane.Pools = append(plane.Pools, pool.Spec.CIDR)
		if pool.Spec.NATOutgoing {
			plane.MasqueradedPools = append(plane.MasqueradedPools, pool.Spec.CIDR)
		}
	}
	for _, other := range nodes {
		if address := other.InternalIP(); address != "" {
			plane.Nodes = append(plane.Nodes, address)
		}
	}
	return plane
}
