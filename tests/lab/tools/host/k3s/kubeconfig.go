package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
)

// writeKubeconfig writes a kubeconfig with everything inside, as K3s does for k3s.yaml.
func writeKubeconfig(path, server string, authority []byte, client pair, mode os.FileMode) error {
	text := base64.StdEncoding.EncodeToString
	return writeFile(path, fmt.Appendf(nil, `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: %s
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, text(authority), server, text(client.Certificate), text(client.Key)), mode)
}

// kubeconfigMode reads write-kubeconfig-mode; K3s' default is 0600.
func kubeconfigMode(s *settings) (os.FileMode, error) {
	mode, err := strconv.ParseUint(s.text("write-kubeconfig-mode", "0600"), 8, 32)
	if err != nil {
		return 0, fmt.Errorf("write-kubeconfig-mode: %w", err)
	}
	return os.FileMode(mode), nil
}
