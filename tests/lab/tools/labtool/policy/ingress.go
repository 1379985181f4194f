package policy

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// PodIPAnnotation is where the CNI plugin writes a pod's address, well before kubelet tells of it.
const PodIPAnnotation = "cni.projectcalico.org/podIP"

// State is all that decides who may reach whom.
type State struct {
	Pods       []kube.Pod
	Namespaces []kube.Named
	Policies   []kube.NetworkPolicy
}

// Allow is one way into a pod: from these addresses (nil: from anywhere) to this port (Port "": to any).
type Allow struct {
	// Ranges, sorted; addresses of pods as /32. Nil means everywhere, empty means nobody.
	From []string
	// Ranges taken out of From, sorted.
	Except   []string
	Protocol string
	// A number, or first:last.
	Port string
}

// Ingress is what may reach one pod.
type Ingress struct {
	// Isolated is false for a pod that no policy selects: everybody may reach it.
	Isolated bool
	Allows   []Allow
}

// PodIP is the address of a pod that has a network of its own; empty while it has none.
func PodIP(pod kube.Pod) string {
	if pod.Spec.HostNetwork || pod.Finished() {
		return ""
	}
	if pod.Status.PodIP != "" {
		return pod.Status.PodIP
	}
	return strings.TrimSuffix(pod.Metadata.Annotations[PodIPAnnotation], "/32")
}

// IngressOf works out what may reach a pod. Egress rules are not looked at: the lab's pods may call whom they like.
func IngressOf(pod kube.Pod, state State) Ingress {
	result := Ingress{}
	for _, policy := range state.Policies {
		if policy.Metadata.Namespace != pod.Metadata.Namespace || !matches(policy.Spec.PodSelector, pod.Metadata.Labels) {
			continue
		}
		if len(policy.Spec.PolicyTypes) > 0 && !slices.Contains(policy.Spec.PolicyTypes, "Ingress") {
			continue
		}
		result.Isolated = true
		for _, rule := range policy.Spec.Ingress {
			from, except := peersOf(rule.From, policy.Metadata.Namespace, state)
			for _, port := range portsOf(rule.Ports, pod) {
				port.From, port.Except = from, except
				result.Allows = append(result.Allows, port)
			}
		}
	}
	sort.Slice(result.Allows, func(i, j int) bool {
		return fmt.Sprint(result.Allows[i]) < fmt.Sprint(result.Allows[j])
	})
	return result
}

func peersOf(peers []kube.Peer, namespace string, state State) (from, except []string) {
	if len(peers) == 0 {
		return nil, nil
	}
	from = []string{}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			from = append(from, peer.IPBlock.CIDR)
			except = append(except, peer.IPBlock.Except...)
			continue
		}
		for _, pod := range state.Pods {
			if ip := PodIP(pod); ip != "" && isPeer(peer, pod, namespace, state.Namespaces) {
				from = append(from, ip+"/32")
			}
		}
	}
	sort.Strings(from)
	sort.Strings(except)
	return slices.Compact(from), slices.Compact(except)
}

func isPeer(peer kube.Peer, pod kube.Pod, namespace string, namespaces []kube.Named) bool {
	if peer.NamespaceSelector == nil {
		if pod.Metadata.Namespace != namespace {
			return false
		}
	} else if !namespaceMatches(*peer.NamespaceSelector, pod.Metadata.Namespace, namespaces) {
		return false
	}
	return peer.PodSelector == nil || matches(*peer.PodSelector, pod.Metadata.Labels)
}

func namespaceMatches(selector kube.Selector, name string, namespaces []kube.Named) bool {
	for _, namespace := range namespaces {
		if namespace.Metadata.Name == name {
			return matches(selector, namespace.Metadata.Labels)
		}
	}
	return false
}

func portsOf(ports []kube.PolicyPort, pod kube.Pod) []Allow {
	if len(ports) == 0 {
		return []Allow{{}}
	}
	var allows []Allow
	for _, port := range ports {
		protocol := strings.ToLower(port.Protocol)
		if protocol == "" {
			protocol = "tcp"
		}
		switch value := port.Port.(type) {
		case nil:
			allows = append(allows, Allow{Protocol: protocol})
		case float64:
			text := fmt.Sprintf("%d", int(value))
			if port.EndPort > int(value) {
				text = fmt.Sprintf("%d:%d", int(value), port.EndPort)
			}
			allows = append(allows, Allow{Protocol: protocol, Port: text})
		case string:
			for _, number := range namedPorts(pod, value, protocol) {
				allows = append(allows, Allow{Protocol: protocol, Port: fmt.Sprintf("%d", number)})
			}
		}
	}
	return allows
}

func namedPorts(pod kube.Pod, name, protocol string) []int {
	var numbers []int
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			own := strings.ToLower(port.Protocol)
			if port.Name == name && (own == protocol || own == "" && protocol == "tcp") {
				numbers = append(numbers, port.ContainerPort)
			}
		}
	}
	return numbers
}
