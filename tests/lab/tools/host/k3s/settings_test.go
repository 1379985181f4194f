package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// configured writes a config.yaml with drop-ins and gives the flag that names it.
func configured(t *testing.T, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	for name, content := range files {
		target := path
		if name != "" {
			target = filepath.Join(path+".d", name)
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "--config=" + path
}

func TestPrecedence(t *testing.T) {
	config := configured(t, map[string]string{
		"":             "flannel-backend: vxlan\ntls-san: [a]\nnode-label: [x=1]\ncluster-init: true\n",
		"91-last.yaml": "flannel-backend: none\ntls-san+: [c]\n",
		"50-mid.yaml":  "flannel-backend: wireguard-native\ntls-san+:\n  - b\n",
	})
	s, err := readSettings(true, []string{config, "--node-label", "y=2", "--disable-network-policy"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.text("flannel-backend", ""); got != "none" {
		t.Errorf("the last drop-in did not win: %q", got)
	}
	if got := s.list("tls-san"); !reflect.DeepEqual(got, []string{"a", "b", "c"}) {
		t.Errorf("tls-san: got %q", got)
	}
	if got := s.list("node-label"); !reflect.DeepEqual(got, []string{"y=2"}) {
		t.Errorf("the command line did not replace the list: %q", got)
	}
	if !s.on("cluster-init") || !s.on("disable-network-policy") || s.on("secrets-encryption") {
		t.Error("toggles are wrong")
	}
}

func TestCommandLineWins(t *testing.T) {
	config := configured(t, map[string]string{"90-cni.yaml": "flannel-backend: none\n"})
	s, err := readSettings(true, []string{config, "--flannel-backend=vxlan"})
	if err != nil || s.text("flannel-backend", "") != "vxlan" {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestUnknownKeys(t *testing.T) {
	const refused = "flag provided but not defined: -flannel-backend"
	config := configured(t, map[string]string{"": "flannel-backend: none\nno-such-key: 1\n"})
	if _, err := readSettings(true, []string{config}); err != nil {
		t.Errorf("a server must leave an unknown key of a file aside: %v", err)
	}
	if _, err := readSettings(true, []string{"--no-such-key=1"}); err == nil || !strings.Contains(err.Error(), "flag provided but not defined: -no-such-key") {
		t.Errorf("a server must refuse an unknown flag: %v", err)
	}
	agent := configured(t, map[string]string{"": "flannel-backend: none\n"})
	if _, err := readSettings(false, []string{agent}); err == nil || !strings.Contains(err.Error(), refused) {
		t.Errorf("an agent must refuse a server's key: %v", err)
	}
}

func TestTokens(t *testing.T) {
	authority := []byte("ca")
	full := fullToken(authority, "server", "secret")
	if got := parseToken(full); got.secret != "secret" || got.trusts(authority) != nil || got.trusts([]byte("other")) == nil {
		t.Errorf("full token: %+v", got)
	}
	if got := parseToken("secret"); got.secret != "secret" || got.trusts([]byte("any")) != nil {
		t.Errorf("short token: %+v", got)
	}
}

func TestMismatches(t *testing.T) {
	ours := network{FlannelBackend: "none", ClusterCIDR: "10.42.0.0/16"}
	theirs := network{FlannelBackend: "vxlan", ClusterCIDR: "10.42.0.0/16", DisableNetworkPolicy: true}
	if got := ours.mismatches(theirs); !reflect.DeepEqual(got, []string{"flannel-backend", "disable-network-policy"}) {
		t.Errorf("got %q", got)
	}
}

func TestContainerdFolders(t *testing.T) {
	local := &localNode{settings: &settings{}, network: network{FlannelBackend: "vxlan"}}
	if config := local.containerdTOML(); !strings.Contains(config, `conf_dir = "/var/lib/rancher/k3s/agent/etc/cni/net.d"`) {
		t.Error("with Flannel, containerd must read K3s' own CNI folder")
	}
	local.network.FlannelBackend = "none"
	if config := local.containerdTOML(); strings.Contains(config, "conf_dir") {
		t.Error("without Flannel, containerd must read the standard CNI folder")
	}
}
