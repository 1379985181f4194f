package kube

// The parts of Kubernetes' and Calico's objects that the lab reads.

// Named is any object of which only the metadata matters (a Namespace, a block of addresses).
type Named struct {
	Metadata Meta `json:"metadata"`
}

func (o Named) GetMeta() Meta { return o.Metadata }

// Node is a core/v1 Node.
type Node struct {
	Metadata Meta `json:"metadata"`
	Status   struct {
		Addresses []struct{ Type, Address string } `json:"addresses"`
	} `json:"status"`
}

func (o Node) GetMeta() Meta { return o.Metadata }

// InternalIP is the address that nodes reach each other by; empty when the node has none yet.
func (o Node) InternalIP() string {
	for _, address := range o.Status.Addresses {
		if address.Type == "InternalIP" {
			return address.Address
		}
	}
	return ""
}

// Pod is a core/v1 Pod.
type Pod struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		NodeName    string `json:"nodeName"`
		HostNetwork bool   `json:"hostNetwork"`
		Containers  []struct {
			Ports []struct {
				Name          string `json:"name"`
				ContainerPort int    `json:"containerPort"`
				Protocol      string `json:"protocol"`
			} `json:"ports"`
		} `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
		PodIP string `json:"podIP"`
	} `json:"status"`
}

func (o Pod) GetMeta() Meta { return o.Metadata }

// Finished tells that the pod's network is gone or about to be, so that its address may belong to another.
func (o Pod) Finished() bool { return o.Status.Phase == "Succeeded" || o.Status.Phase == "Failed" }

// IPPool is a crd.projectcalico.org/v1 IPPool.
type IPPool struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		CIDR        string `json:"cidr"`
		BlockSize   int    `json:"blockSize"`
		Disabled    bool   `json:"disabled"`
		NATOutgoing bool   `json:"natOutgoing"`
	} `json:"spec"`
}

func (o IPPool) GetMeta() Meta { return o.Metadata }

// Block is a crd.projectcalico.org/v1 IPAMBlock: a range of addresses that belongs to one node.
type Block struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		CIDR     string `json:"cidr"`
		Affinity string `json:"affinity"`
	} `json:"spec"`
}

func (o Block) GetMeta() Meta { return o.Metadata }

// Selector is a label selector.
type Selector struct {
	MatchLabels      map[string]string `json:"matchLabels,omitempty"`
	MatchExpressions []struct {
		Key      string   `json:"key"`
		Operator string   `json:"operator"`
		Values   []string `json:"values"`
	} `json:"matchExpressions,omitempty"`
}

// Peer is who may come in.
type Peer struct {
	PodSelector       *Selector `json:"podSelector,omitempty"`
	NamespaceSelector *Selector `json:"namespaceSelector,omitempty"`
	IPBlock           *struct {
		CIDR   string   `json:"cidr"`
		Except []string `json:"except"`
	} `json:"ipBlock,omitempty"`
}

// PolicyPort is where it may come in; Port is a number or the name of a container's port.
type PolicyPort struct {
	Protocol string `json:"protocol,omitempty"`
	Port     any    `json:"port,omitempty"`
	EndPort  int    `json:"endPort,omitempty"`
}

// NetworkPolicy is a networking.k8s.io/v1 NetworkPolicy.
type NetworkPolicy struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		PodSelector Selector `json:"podSelector"`
		PolicyTypes []string `json:"policyTypes"`
		Ingress     []struct {
			From  []Peer       `json:"from"`
			Ports []PolicyPort `json:"ports"`
		} `json:"ingress"`
	} `json:"spec"`
}

func (o NetworkPolicy) GetMeta() Meta { return o.Metadata }

// EndpointSlice is a discovery.k8s.io/v1 EndpointSlice: the pods behind a Service.
type EndpointSlice struct {
	Metadata  Meta `json:"metadata"`
	Endpoints []struct {
		Addresses  []string `json:"addresses"`
		Conditions struct {
			Ready       *bool `json:"ready"`
			Terminating *bool `json:"terminating"`
		} `json:"conditions"`
	} `json:"endpoints"`
	Ports []struct {
		Port int `json:"port"`
	} `json:"ports"`
}

func (o EndpointSlice) GetMeta() Meta { return o.Metadata }

// Service is the name of the Service that it belongs to.
func (o EndpointSlice) Service() string { return o.Metadata.Labels["kubernetes.io/service-name"] }

// ReadyAddresses are those of the pods that are ready; one that is ending is not.
func (o EndpointSlice) ReadyAddresses() []string {
	var addresses []string
	for _, endpoint := range o.Endpoints {
		if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
			addresses = append(addresses, endpoint.Addresses...)
		}
	}
	return addresses
}
