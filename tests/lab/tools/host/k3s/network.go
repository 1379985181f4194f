package main

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// network is what a server decides for the whole cluster and an agent asks it for at every start.
type network struct {
	FlannelBackend       string `json:"flannel-backend"`
	DisableNetworkPolicy bool   `json:"disable-network-policy"`
	DisableKubeProxy     bool   `json:"disable-kube-proxy"`
	ClusterCIDR          string `json:"cluster-cidr"`
	ServiceCIDR          string `json:"service-cidr"`
	ClusterDNS           string `json:"cluster-dns"`
	ClusterDomain        string `json:"cluster-domain"`
	SecretsEncryption    bool   `json:"secrets-encryption"`
}

func networkOf(s *settings) (network, error) {
	services := s.text("service-cidr", "10.43.0.0/16")
	dns, err := addressIn(services, 10)
	if err != nil {
		return network{}, fmt.Errorf("service-cidr: %w", err)
	}
	if _, _, err := net.ParseCIDR(s.text("cluster-cidr", "10.42.0.0/16")); err != nil {
		return network{}, fmt.Errorf("cluster-cidr: %w", err)
	}
	backend := s.text("flannel-backend", "vxlan")
	if backend != "vxlan" && backend != "none" {
		return network{}, fmt.Errorf("flannel-backend %q: the lab's stand-in for K3s has vxlan and none", backend)
	}
	return network{
		FlannelBackend:       backend,
		DisableNetworkPolicy: s.on("disable-network-policy"),
		DisableKubeProxy:     s.on("disable-kube-proxy"),
		ClusterCIDR:          s.text("cluster-cidr", "10.42.0.0/16"),
		ServiceCIDR:          services,
		ClusterDNS:           s.text("cluster-dns", dns),
		ClusterDomain:        s.text("cluster-domain", "cluster.local"),
		SecretsEncryption:    s.on("secrets-encryption"),
	}, nil
}

// mismatches names the settings in which a joining server contradicts the cluster; K3s calls them critical.
func (n network) mismatches(cluster network) []string {
	var names []string
	for _, pair := range []struct {
		name       string
		ours, seen any
	}{
		{"flannel-backend", n.FlannelBackend, cluster.FlannelBackend},
		{"disable-network-policy", n.DisableNetworkPolicy, cluster.DisableNetworkPolicy},
		{"cluster-cidr", n.ClusterCIDR, cluster.ClusterCIDR},
		{"service-cidr", n.ServiceCIDR, cluster.ServiceCIDR},
		{"cluster-dns", n.ClusterDNS, cluster.ClusterDNS},
		{"cluster-domain", n.ClusterDomain, cluster.ClusterDomain},
		{"secrets-encryption", n.SecretsEncryption, cluster.SecretsEncryption},
	} {
		if pair.ours != pair.seen {
			names = append(names, pair.name)
		}
	}
	return names
}

// addressIn gives the nth address of a range.
func addressIn(cidr string, n byte) (string, error) {
	address, _, err := net.ParseCIDR(cidr)
	if err != nil {
		return "", err
	}
	bytes := address.To4()
	if bytes == nil {
		return "", fmt.Errorf("%s: the lab has IPv4 only", cidr)
	}
	bytes[3] += n
	return bytes.String(), nil
}

// node is what this host is in the cluster.
type node struct {
	name, address string
}

func nodeOf(s *settings) (node, error) {
	host, err := os.Hostname()
	if err != nil {
		return node{}, err
	}
	address := s.text("node-ip", "")
	if address == "" {
		if address, err = defaultAddress(); err != nil {
			return node{}, err
		}
	}
	return node{strings.ToLower(s.text("node-name", host)), address}, nil
}

// defaultAddress is the address from which the default route leaves. K3s too does not start without one.
func defaultAddress() (string, error) {
	connection, err := net.Dial("udp4", "198.51.100.1:9")
	if err != nil {
		return "", fmt.Errorf("no default routes found in \"/proc/net/route\" or \"/proc/net/ipv6_route\": %w", err)
	}
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).IP.String(), nil
}
