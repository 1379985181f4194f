package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// flannelLeavesRules: what K3s' embedded Flannel does with its iptables rules when K3s stops has not been measured.
// A flanneld that is killed leaves them, one that gets SIGTERM takes them away. The lab does the first, which is the
// harder case for a switch of the CNI, unless this file exists.
const flannelCleansUpFile = "/etc/lab/flannel-cleans-up"

// writeFlannelFiles writes Flannel's configuration and its CNI configuration into K3s' own folder. K3s too leaves them
// there when the backend changes to none: nothing reads that folder then.
func (l *localNode) writeFlannelFiles() error {
	backend := fmt.Sprintf("{\n\t\"Network\": %q,\n\t\"EnableIPv4\": true,\n\t\"EnableIPv6\": false,\n\t\"Backend\": {\n\t\t\"Type\": \"vxlan\"\n\t}\n}\n",
		l.network.ClusterCIDR)
	if err := writeFile(flannelConfFile, []byte(backend), 0o600); err != nil {
		return err
	}
	// CNI 0.3.1 because the last flannel plugin that is a Go module of its own knows nothing newer.
	return writeFile(filepath.Join(cniConfFolder, "10-flannel.conflist"), []byte(`{
  "name": "cbr0",
  "cniVersion": "0.3.1",
  "plugins": [
    {
      "type": "flannel",
      "delegate": {
        "hairpinMode": true,
        "forceAddress": true,
        "isDefaultGateway": true
      }
    },
    {
      "type": "portmap",
      "capabilities": {
        "portMappings": true
      }
    },
    {
      "type": "bandwidth",
      "capabilities": {
        "bandwidth": true
      }
    }
  ]
}
`), 0o600)
}

func (l *localNode) startFlannel() error {
	stop := syscall.SIGKILL
	if exists(flannelCleansUpFile) {
		stop = syscall.SIGTERM
	}
	info("Starting flannel with backend %s", l.network.FlannelBackend)
	return l.children.startWith("flannel", component("flanneld"), []string{
		"--kube-subnet-mgr", "--kubeconfig-file=" + agentFolder + "/k3scontroller.kubeconfig", "--net-config-path=" + flannelConfFile,
		"--subnet-file=" + flannelSubnet, "--iface=" + l.node.address, "--ip-masq",
	}, []string{"NODE_NAME=" + l.node.name}, stop)
}

// linkPlugins fills the folder of CNI plugins that K3s brings along.
func linkPlugins() error {
	if err := os.MkdirAll(cniBinFolder, 0o755); err != nil {
		return err
	}
	links := map[string]string{"flannel": component("flannel-cni")}
	for _, name := range []string{"bandwidth", "bridge", "firewall", "host-local", "loopback", "portmap"} {
		links[name] = component(filepath.Join("cni", name))
	}
	for name, target := range links {
		link := filepath.Join(cniBinFolder, name)
		if now, err := os.Readlink(link); err == nil && now == target {
			continue
		}
		_ = os.Remove(link)
		if err := os.Symlink(target, link); err != nil {
			return err
		}
	}
	return nil
}

// firstLine shortens the output of a program for an error.
func firstLine(output []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return line
}
