package main

// kind says how a flag takes its value.
type kind int

const (
	text kind = iota
	list
	toggle
)

type option struct {
	kind kind
	// server, agent: which command knows the flag.
	server, agent bool
}

func known(kind kind, server, agent bool, names ...string) map[string]option {
	result := map[string]option{}
	for _, name := range names {
		result[name] = option{kind, server, agent}
	}
	return result
}

// flags are K3s' flags (docs.k3s.io/cli/server and /cli/agent, K3s 1.33), also those that mean nothing in the lab: K3s
// refuses a flag that it does not know, so the lab must know the same ones.
var flags = func() map[string]option {
	all := map[string]option{}
	for _, part := range []map[string]option{
		known(text, true, true, "config", "data-dir", "token", "token-file", "node-name", "node-ip", "node-external-ip", "node-internal-dns",
			"node-external-dns", "resolv-conf", "flannel-iface", "flannel-conf", "flannel-cni-conf", "private-registry", "pause-image",
			"snapshotter", "container-runtime-endpoint", "image-service-endpoint", "system-default-registry", "bind-address",
			"lb-server-port", "v", "vmodule", "log", "image-credential-provider-bin-dir", "image-credential-provider-config",
			"default-runtime", "airgap-extra-registry", "node-name-from-cloud-provider-metadata", "server", "vpn-auth", "vpn-auth-file"),
		known(list, true, true, "node-label", "node-taint", "kubelet-arg", "kube-proxy-arg"),
		known(toggle, true, true, "debug", "alsologtostderr", "with-node-id", "docker", "protect-kernel-defaults", "selinux", "rootless",
			"prefer-bundled-bin", "enable-pprof", "disable-apiserver-lb", "disable-default-registry-endpoint", "nonroot-devices"),
		known(text, true, false, "https-listen-port", "advertise-address", "advertise-port", "cluster-cidr", "service-cidr",
			"service-node-port-range", "cluster-dns", "cluster-domain", "flannel-backend", "egress-selector-mode", "servicelb-namespace",
			"write-kubeconfig", "write-kubeconfig-mode", "write-kubeconfig-group", "helm-job-image", "agent-token", "agent-token-file",
			"cluster-reset-restore-path", "datastore-endpoint", "datastore-cafile", "datastore-certfile", "datastore-keyfile",
			"etcd-snapshot-name", "etcd-snapshot-schedule-cron", "etcd-snapshot-retention", "etcd-snapshot-dir", "etcd-s3-endpoint",
			"etcd-s3-endpoint-ca", "etcd-s3-access-key", "etcd-s3-secret-key", "etcd-s3-session-token", "etcd-s3-bucket", "etcd-s3-region",
			"etcd-s3-folder", "etcd-s3-proxy", "etcd-s3-config-secret", "etcd-s3-timeout", "default-local-storage-path",
			"secrets-encryption-provider", "kine-tls", "datastore-cache"),
		known(list, true, false, "tls-san", "etcd-arg", "kube-apiserver-arg", "kube-scheduler-arg", "kube-controller-manager-arg",
			"kube-cloud-controller-manager-arg", "disable"),
		known(toggle, true, false, "cluster-init", "cluster-reset", "tls-san-security", "disable-scheduler", "disable-cloud-controller",
			"disable-kube-proxy", "disable-network-policy", "disable-helm-controller", "disable-agent", "disable-apiserver",
			"disable-controller-manager", "disable-etcd", "etcd-expose-metrics", "etcd-disable-snapshots", "etcd-snapshot-compress",
			"etcd-s3", "etcd-s3-skip-ssl-verify", "etcd-s3-insecure", "secrets-encryption", "embedded-registry", "supervisor-metrics",
			"flannel-ipv6-masq", "flannel-external-ip", "multi-cluster-cidr"),
	} {
		for name, one := range part {
			all[name] = one
		}
	}
	return all
}()

var aliases = map[string]string{"t": "token", "s": "server", "c": "config", "d": "data-dir", "i": "node-ip", "l": "log", "o": "write-kubeconfig"}

// variables are the environment variables that stand for a flag which nobody has given.
var variables = map[string]string{
	"K3S_TOKEN": "token", "K3S_TOKEN_FILE": "token-file", "K3S_URL": "server", "K3S_NODE_NAME": "node-name",
	"K3S_KUBECONFIG_MODE": "write-kubeconfig-mode", "K3S_AGENT_TOKEN": "agent-token", "K3S_DATASTORE_ENDPOINT": "datastore-endpoint",
}

func knows(name string, server bool) bool {
	one, ok := flags[name]
	return ok && (server && one.server || !server && one.agent)
}
