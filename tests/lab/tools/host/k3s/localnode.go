package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// localNode is the part of a host that runs pods.
type localNode struct {
	settings     *settings
	network      network
	node         node
	certificates map[string]pair
	// api is where this node's programs find the API server.
	api      string
	children *children
}

func (l *localNode) start() error {
	for name, certificate := range l.certificates {
		if err := certificate.save(agentFolder, name); err != nil {
			return err
		}
	}
	for file, certificate := range map[string]string{
		"kubelet.kubeconfig": "client-kubelet", "kubeproxy.kubeconfig": "client-kube-proxy", "k3scontroller.kubeconfig": "client-k3s-controller",
	} {
		err := writeKubeconfig(filepath.Join(agentFolder, file), l.api, l.certificates["server-ca"].Certificate, l.certificates[certificate], 0o600)
		if err != nil {
			return err
		}
	}
	setKernel()
	if l.flannel() {
		if err := l.writeFlannelFiles(); err != nil {
			return err
		}
	}
	if err := l.startContainerd(); err != nil {
		return err
	}
	if err := l.startKubelet(); err != nil {
		return err
	}
	if !l.network.DisableKubeProxy {
		if err := l.startKubeProxy(); err != nil {
			return err
		}
	}
	go l.startNetwork()
	return nil
}

func (l *localNode) flannel() bool { return l.network.FlannelBackend != "none" }

// setKernel sets what K3s sets; all of it belongs to the host's own network namespace.
func setKernel() {
	for key, value := range map[string]string{
		"net/ipv4/ip_forward": "1", "net/ipv4/conf/all/forwarding": "1", "net/bridge/bridge-nf-call-iptables": "1",
		"net/bridge/bridge-nf-call-ip6tables": "1",
	} {
		if err := os.WriteFile("/proc/sys/"+key, []byte(value), 0o644); err != nil {
			warn("Failed to set sysctl %s: %v", key, err)
		}
	}
}

// kubeletConfig holds what has no place on the command line. Node names and addresses are flags, as in K3s.
//
// Three settings are the lab's: no cgroups for QoS classes (a lab host may not be able to make them), no evictions (the
// machine's disk is not the lab's to judge) and the gate for user namespaces (the lab runs where CAP_SYS_RESOURCE and
// machine-wide sysctls may be missing).
func (l *localNode) kubeletConfig() string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
authentication:
  anonymous: { enabled: false }
  webhook: { enabled: true }
  x509: { clientCAFile: %[1]s/client-ca.crt }
authorization: { mode: Webhook }
cgroupDriver: cgroupfs
cgroupsPerQOS: false
clusterDNS: [%[2]s]
clusterDomain: %[3]s
containerRuntimeEndpoint: unix://%[4]s
enforceNodeAllocatable: []
evictionHard: { imagefs.available: 0%%, nodefs.available: 0%% }
failSwapOn: false
featureGates: { KubeletInUserNamespace: true }
healthzBindAddress: 127.0.0.1
imageGCHighThresholdPercent: 100
resolvConf: /etc/resolv.conf
serializeImagePulls: false
staticPodPath: %[1]s/pod-manifests
tlsCertFile: %[1]s/serving-kubelet.crt
tlsPrivateKeyFile: %[1]s/serving-kubelet.key
`, agentFolder, l.network.ClusterDNS, l.network.ClusterDomain, containerdSocket)
}

func (l *localNode) startKubelet() error {
	config := agentFolder + "/etc/kubelet.conf.d/00-k3s-defaults.conf"
	if err := writeFile(config, []byte(l.kubeletConfig()), 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(agentFolder+"/pod-manifests", 0o755); err != nil {
		return err
	}
	args := []string{
		"--config=" + config,
		"--kubeconfig=" + agentFolder + "/kubelet.kubeconfig",
		"--hostname-override=" + l.node.name,
		"--node-ip=" + l.node.address,
		"--cert-dir=" + agentFolder + "/pki",
	}
	// Labels and taints count only when the node registers itself.
	if labels := l.settings.list("node-label"); len(labels) > 0 {
		args = append(args, "--node-labels="+strings.Join(labels, ","))
	}
	if taints := l.settings.list("node-taint"); len(taints) > 0 {
		args = append(args, "--register-with-taints="+strings.Join(taints, ","))
	}
	return l.children.start("kubelet", component("kubelet"), append(args, passed(l.settings, "kubelet-arg")...)...)
}

func (l *localNode) startKubeProxy() error {
	args := []string{
		"--cluster-cidr=" + l.network.ClusterCIDR,
		// Connection tracking limits are the machine's, not the host's.
		"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-close-wait=0s", "--conntrack-tcp-timeout-established=0s",
		"--healthz-bind-address=127.0.0.1",
		"--hostname-override=" + l.node.name,
		"--kubeconfig=" + agentFolder + "/kubeproxy.kubeconfig",
		"--proxy-mode=iptables",
	}
	return l.children.start("kube-proxy", component("kube-proxy"), append(args, passed(l.settings, "kube-proxy-arg")...)...)
}

// startNetwork starts what waits for the node's podCIDR, and the policy controller where its program is at hand.
func (l *localNode) startNetwork() {
	client, err := newClient(l.api, l.certificates["server-ca"].Certificate, ptr(l.certificates["client-kubelet"]))
	if err != nil {
		l.children.died <- err
		return
	}
	for {
		var now object
		if client.get("/api/v1/nodes/"+l.node.name, &now) == nil && now.Spec.PodCIDR != "" {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	l.annotate(client)
	if l.flannel() {
		if err := l.startFlannel(); err != nil {
			l.children.died <- err
			return
		}
	}
	if !l.network.DisableNetworkPolicy {
		if err := l.startPolicyController(); err != nil {
			l.children.died <- err
		}
	}
}

// annotate writes the annotations of a K3s node that tell where it runs.
func (l *localNode) annotate(client *httpsClient) {
	host, _ := os.Hostname()
	err := client.patch("/api/v1/nodes/"+l.node.name, false, map[string]any{"metadata": map[string]any{"annotations": map[string]string{
		"k3s.io/hostname": host, "k3s.io/internal-ip": l.node.address,
	}}})
	if err != nil {
		warn("cannot annotate the node: %v", err)
	}
}

func ptr[T any](value T) *T { return &value }
