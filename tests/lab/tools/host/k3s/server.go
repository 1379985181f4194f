package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// server is one running `k3s server`.
type server struct {
	settings  *settings
	network   network
	node      node
	shared    map[string]pair
	children  *children
	datastore datastore
	api       *httpsClient
}

// serve is `k3s server`.
func serve(args []string) error {
	info("Starting k3s %s (the lab's stand-in for K3s, not K3s itself)", version())
	s, err := readSettings(true, args)
	if err != nil {
		return err
	}
	srv := &server{settings: s, children: newChildren()}
	if srv.network, err = networkOf(s); err != nil {
		return err
	}
	if srv.node, err = nodeOf(s); err != nil {
		return err
	}
	return untilSignal(srv.children, srv.start)
}

// untilSignal runs a start and then waits for SIGTERM or for a child that ends.
func untilSignal(c *children, start func() error) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	started := make(chan error, 1)
	go func() { started <- start() }()
	for {
		select {
		case err := <-started:
			if err != nil {
				c.stop()
				return err
			}
			started = nil
		case err := <-c.died:
			c.stop()
			return err
		case <-signals:
			info("Shutting down")
			c.stop()
			return nil
		}
	}
}

func (srv *server) start() error {
	if err := srv.prepare(); err != nil {
		return err
	}
	sup := &supervisor{shared: srv.shared, network: srv.network, servers: srv.addresses}
	var err error
	if sup.server, sup.agent, err = serverSecrets(srv.settings, srv.shared["server-ca"].Certificate); err != nil {
		return err
	}
	if err := serverCertificates(srv.shared, srv.node, srv.network, srv.settings.list("tls-san")); err != nil {
		return err
	}
	if err := sup.listen(); err != nil {
		return err
	}
	if srv.datastore, err = startDatastore(srv); err != nil {
		return err
	}
	if err := srv.startControlPlane(); err != nil {
		return err
	}
	go srv.deployManifests()
	if !srv.settings.on("disable-agent") {
		certificates, err := nodeCertificates(srv.shared, srv.node)
		if err != nil {
			return err
		}
		local := &localNode{srv.settings, srv.network, srv.node, certificates, fmt.Sprintf("https://127.0.0.1:%d", apiPort), srv.children}
		if err := local.start(); err != nil {
			return err
		}
	}
	info("k3s is up and running")
	notifyReady()
	go srv.keepNodeObject()
	return nil
}

// prepare takes the cluster's authorities from the disk, from the server to join, or makes them.
func (srv *server) prepare() error {
	var err error
	if srv.shared, err = loadAuthorities(); err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	url := srv.settings.text("server", "")
	if url == "" {
		if srv.shared, err = newAuthorities(); err != nil {
			return err
		}
		return saveAuthorities(srv.shared)
	}
	secret, err := srv.settings.secret("token")
	if err != nil {
		return err
	}
	if secret == "" {
		return fmt.Errorf("starting kubernetes: preparing server: token is required to join a cluster")
	}
	joined, err := waitForCluster([]string{hostOf(url)}, secret)
	if err != nil {
		return err
	}
	var theirs network
	if err := joined.get("/v1-k3s/config", &theirs); err != nil {
		return err
	}
	if names := srv.network.mismatches(theirs); len(names) > 0 {
		warn("Critical configuration mismatched: %s", strings.Join(names, ", "))
		return fmt.Errorf("failed to validate server configuration: critical configuration value mismatch between servers: %s", strings.Join(names, ", "))
	}
	joined.user = "server"
	if err := joined.get("/v1-k3s/server-bootstrap", &srv.shared); err != nil {
		return err
	}
	return saveAuthorities(srv.shared)
}

// waitForCluster tries until a server answers, for as long as it takes: K3s does not give up either.
func waitForCluster(hosts []string, secret string) (*cluster, error) {
	for told := ""; ; time.Sleep(time.Second) {
		joined, err := reach(hosts, secret)
		if err == nil {
			// Says at once whether the secret is accepted.
			err = joined.get("/v1-k3s/config", nil)
			if err == nil {
				return joined, nil
			}
			var status statusError
			if errors.As(err, &status) && status.code == 401 {
				return nil, fmt.Errorf("failed to validate connection to cluster: %w: is the token right?", err)
			}
		}
		var final permanent
		if errors.As(err, &final) {
			return nil, err
		}
		if err.Error() != told {
			told = err.Error()
			warn("Waiting for a server of the cluster: %v", err)
		}
	}
}

func (srv *server) startControlPlane() error {
	if err := srv.startAPIServer(); err != nil {
		return err
	}
	admin, err := loadPair(tlsFolder, "client-admin")
	if err != nil {
		return err
	}
	if srv.api, err = newClient(fmt.Sprintf("https://127.0.0.1:%d", apiPort), srv.shared["server-ca"].Certificate, &admin); err != nil {
		return err
	}
	for told := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		if err = srv.api.get("/readyz", nil); err == nil {
			break
		}
		if time.Since(told) > 10*time.Second {
			info("Waiting for the API server to become ready: %v", err)
			told = time.Now()
		}
	}
	mode, err := kubeconfigMode(srv.settings)
	if err != nil {
		return err
	}
	target := srv.settings.text("write-kubeconfig", adminKubeconfig)
	if err := writeKubeconfig(target, srv.api.base, srv.shared["server-ca"].Certificate, admin, mode); err != nil {
		return err
	}
	return srv.startControllers()
}

// addresses gives all servers: whoever announces an API server, this one first.
func (srv *server) addresses() []string {
	result := []string{srv.node.address}
	var endpoints object
	if srv.api == nil || srv.api.get("/api/v1/namespaces/default/endpoints/kubernetes", &endpoints) != nil {
		return result
	}
	for _, subset := range endpoints.Subsets {
		for _, address := range subset.Addresses {
			if address.IP != srv.node.address {
				result = append(result, address.IP)
			}
		}
	}
	return result
}
