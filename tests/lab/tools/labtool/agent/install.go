package agent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// Names and places are Calico's own: what cleans up after Calico must find them here.
const (
	binFolder      = "/opt/cni/bin"
	confFolder     = "/etc/cni/net.d"
	conflistName   = "10-calico.conflist"
	kubeconfigName = "calico-kubeconfig"
	networkName    = "k8s-pod-network"
	accountsPath   = "/api/v1/namespaces/calico-system/serviceaccounts/"
	pluginAccount  = "calico-cni-plugin"
)

// ownPlugins are file names under which this program is a CNI plugin; the others come with the image as they are.
var ownPlugins = []string{"calico", "calico-ipam"}

// installPlugins copies the CNI plugins to the node. Each is replaced as a whole: a running one is never touched.
func installPlugins(root string) error {
	if folder := extrasFolder(root); folder != "" {
		if err := realPlugins(root, folder); err != nil {
			return err
		}
	} else {
		for _, name := range ownPlugins {
			if err := copyFile("/proc/self/exe", filepath.Join(root, binFolder, name)); err != nil {
				return err
			}
		}
	}
	entries, err := os.ReadDir(binFolder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := copyFile(filepath.Join(binFolder, entry.Name()), filepath.Join(root, binFolder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}

// conflist is the network configuration that containerd reads once K3s points it at the standard folder.
func conflist(config Config) ([]byte, error) {
	return json.MarshalIndent(map[string]any{
		"name":       networkName,
		"cniVersion": "1.0.0",
		"plugins": []any{
			map[string]any{
				"type":                         "calico",
				"datastore_type":               "kubernetes",
				"nodename":                     config.Node,
				"log_level":                    "info",
				"log_file_path":                "/var/log/calico/cni/cni.log",
				"mtu":                          config.MTU,
				"ipam":                         map[string]any{"type": "calico-ipam"},
				"container_settings":           map[string]any{"allow_ip_forwarding": true},
				"policy":                       map[string]any{"type": "k8s"},
				"policy_setup_timeout_seconds": 10,
				"endpoint_status_dir":          "/var/run/calico/" + StatusFolder,
				"kubernetes":                   map[string]any{"kubeconfig": filepath.Join(confFolder, kubeconfigName)},
			},
			map[string]any{"type": "portmap", "snat": true, "capabilities": map[string]any{"portMappings": true}},
		},
	}, "", "  ")
}

// writeCNI writes the configuration of the CNI plugins, and what they talk to the API with.
func writeCNI(ctx context.Context, client *kube.Client, config Config) error {
	if err := writeKubeconfig(ctx, client, pluginAccount, filepath.Join(config.Root, confFolder, kubeconfigName)); err != nil {
		return err
	}
	content, err := conflist(config)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(config.Root, confFolder, conflistName), content, 0o644)
}

// writeKubeconfig writes access to the API as a service account of calico-system. It outlives this pod: a token that
// belongs to the pod would end with it, and no pod of the node could start until the next one is there.
func writeKubeconfig(ctx context.Context, client *kube.Client, account, path string) error {
	var answer struct{ Status struct{ Token string } }
	if err := client.Exchange(ctx, accountsPath+account+"/token", map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"spec": map[string]any{"expirationSeconds": int((24 * time.Hour).Seconds())},
	}, &answer); err != nil {
		return fmt.Errorf("token of %s: %w", account, err)
	}
	server, authority := client.Server()
	// JSON is YAML: one format that both a person's kubectl and our plugin read.
	content, err := json.MarshalIndent(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "calico-context",
		"clusters": []any{map[string]any{"name": "local", "cluster": map[string]any{
			"server": server, "certificate-authority-data": base64.StdEncoding.EncodeToString(authority),
		}}},
		"users":    []any{map[string]any{"name": "calico", "user": map[string]any{"token": answer.Status.Token}}},
		"contexts": []any{map[string]any{"name": "calico-context", "context": map[string]any{"cluster": "local", "user": "calico"}}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, content, 0o600)
}
