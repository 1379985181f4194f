package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// serversFile remembers all servers, so that an agent starts while the one in its configuration is down (K3s' own name).
const serversFile = agentFolder + "/etc/k3s-agent-load-balancer.json"

// join is `k3s agent`.
func join(args []string) error {
	info("Starting k3s agent %s (the lab's stand-in for K3s, not K3s itself)", version())
	s, err := readSettings(false, args)
	if err != nil {
		return err
	}
	n, err := nodeOf(s)
	if err != nil {
		return err
	}
	url := s.text("server", "")
	if url == "" {
		return fmt.Errorf("--server is required")
	}
	secret, err := s.secret("token")
	if err != nil {
		return err
	}
	if secret == "" {
		return fmt.Errorf("--token is required")
	}
	c := newChildren()
	return untilSignal(c, func() error { return startAgent(s, n, c, hostOf(url), secret) })
}

// startAgent asks a server, at every start, for what the cluster has decided: so an agent changes its CNI when it
// restarts, not when the servers' configuration changes.
func startAgent(s *settings, n node, c *children, host, secret string) error {
	known := append([]string{host}, rememberedServers()...)
	joined, err := waitForCluster(known, secret)
	if err != nil {
		return err
	}
	var decided network
	if err := joined.get("/v1-k3s/config", &decided); err != nil {
		return err
	}
	var certificates map[string]pair
	if err := joined.post("/v1-k3s/node-certificates", nodeRequest{n.name, n.address}, &certificates); err != nil {
		return err
	}
	balance := &balancer{}
	if err := balance.listen(fmt.Sprintf("127.0.0.1:%d", localPort)); err != nil {
		return err
	}
	learn := func() error {
		var servers []string
		if err := joined.get("/v1-k3s/apiservers", &servers); err != nil {
			return err
		}
		balance.set(servers)
		return rememberServers(servers)
	}
	if err := learn(); err != nil {
		return err
	}
	go func() {
		for ; ; time.Sleep(10 * time.Second) {
			if learn() == nil {
				continue
			}
			if next, err := reach(append(rememberedServers(), host), secret); err == nil {
				joined = next
			}
		}
	}()
	info("Flannel backend of the cluster: %s", decided.FlannelBackend)
	local := &localNode{s, decided, n, certificates, fmt.Sprintf("https://127.0.0.1:%d", localPort), c}
	if err := local.start(); err != nil {
		return err
	}
	info("k3s agent is up and running")
	notifyReady()
	return nil
}

func rememberedServers() []string {
	var servers []string
	if content, err := os.ReadFile(serversFile); err == nil {
		_ = json.Unmarshal(content, &servers)
	}
	return servers
}

func rememberServers(servers []string) error {
	content, err := json.Marshal(servers)
	if err != nil {
		return err
	}
	return writeFile(serversFile, content, 0o600)
}
