package main

import (
	"embed"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed manifests/*.yaml
var packaged embed.FS

// deployManifests writes the packaged components below server/manifests and applies everything that lies there. K3s
// watches the folder; the lab applies it once a start.
func (srv *server) deployManifests() {
	entries, _ := packaged.ReadDir("manifests")
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".yaml")
		if srv.settings.disabled(name) {
			continue
		}
		content, err := packaged.ReadFile("manifests/" + entry.Name())
		if err != nil {
			continue
		}
		text := strings.NewReplacer("%CLUSTER_DNS%", srv.network.ClusterDNS, "%CLUSTER_DOMAIN%", srv.network.ClusterDomain).Replace(string(content))
		if err := writeFile(filepath.Join(manifestFolder, entry.Name()), []byte(text), 0o600); err != nil {
			warn("%v", err)
		}
	}
	for told := ""; ; time.Sleep(2 * time.Second) {
		output, err := exec.Command(component("kubectl"), "--kubeconfig="+adminKubeconfig, "apply", "--server-side", "--force-conflicts",
			"--field-manager=deploy@"+srv.node.name, "-f", manifestFolder).CombinedOutput()
		if err == nil {
			info("Applied the manifests of %s", manifestFolder)
			return
		}
		if text := firstLine(output); text != told {
			told = text
			info("The manifests cannot be applied yet: %s", text)
		}
	}
}
