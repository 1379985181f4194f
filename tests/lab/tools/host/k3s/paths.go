package main

import "path/filepath"

// K3s' own paths, so that programs written for K3s find what they look for.
const (
	configFile       = "/etc/rancher/k3s/config.yaml"
	adminKubeconfig  = "/etc/rancher/k3s/k3s.yaml"
	dataFolder       = "/var/lib/rancher/k3s"
	serverFolder     = dataFolder + "/server"
	agentFolder      = dataFolder + "/agent"
	tlsFolder        = serverFolder + "/tls"
	tokenFile        = serverFolder + "/token"
	nodeTokenFile    = serverFolder + "/node-token"
	manifestFolder   = serverFolder + "/manifests"
	databaseFolder   = serverFolder + "/db"
	etcdFolder       = databaseFolder + "/etcd"
	snapshotFolder   = databaseFolder + "/snapshots"
	containerdConfig = agentFolder + "/etc/containerd/config.toml"
	containerdSocket = "/run/k3s/containerd/containerd.sock"
	imageFolder      = agentFolder + "/images"
	cniConfFolder    = agentFolder + "/etc/cni/net.d"
	cniBinFolder     = dataFolder + "/data/cni"
	flannelConfFile  = agentFolder + "/etc/flannel/net-conf.json"
	flannelSubnet    = "/run/flannel/subnet.env"
)

const (
	apiPort = 6443
	// localPort is where an agent's load balancer listens for its own kubelet and kube-proxy, as in K3s.
	localPort = 6444
	// supervisorPort is a port of its own here (RKE2's); K3s answers the same questions on 6443.
	supervisorPort = 9345
)

// componentFolder is where the lab mounts the programs that K3s carries inside itself. It is on nobody's PATH.
const componentFolder = "/usr/local/lib/lab-k3s/bin"

func component(name string) string { return filepath.Join(componentFolder, name) }
