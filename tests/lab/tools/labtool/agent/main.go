package agent

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

const healthAddress = "127.0.0.1:9099"

// Main is the calico-node command: `install-cni`, or the agent itself.
func Main(args []string) int {
	log.SetFlags(log.LstdFlags | log.LUTC)
	log.SetPrefix("calico-node (stand-in for Calico): ")
	root := os.Getenv("HOST_ROOT")
	if root == "" {
		root = "/host"
	}
	if len(args) == 1 && args[0] == "install-cni" {
		if err := installPlugins(root); err != nil {
			log.Printf("the CNI plugins could not be installed: %v", err)
			return 1
		}
		log.Printf("CNI plugins are in %s", binFolder)
		return 0
	}
	if len(args) > 0 {
		fmt.Fprintln(os.Stderr, "usage: calico-node [install-cni]")
		return 2
	}
	mtu, err := strconv.Atoi(os.Getenv("FELIX_VXLANMTU"))
	config := Config{Node: os.Getenv("NODENAME"), Address: os.Getenv("IP"), MTU: mtu, Root: root}
	if err != nil || config.Node == "" || config.Address == "" {
		log.Printf("NODENAME, IP and FELIX_VXLANMTU must be set; got %q, %q, %q", config.Node, config.Address, os.Getenv("FELIX_VXLANMTU"))
		return 2
	}
	client, err := kube.InCluster()
	if err != nil {
		log.Print(err)
		return 1
	}
	return run(client, config)
}

func run(client *kube.Client, config Config) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	for _, folder := range []string{"run/calico", "var/log/calico/cni", "var/lib/calico"} {
		if err := os.MkdirAll(filepath.Join(config.Root, folder), 0o755); err != nil {
			log.Print(err)
			return 1
		}
	}
	if folder := extrasFolder(config.Root); folder != "" {
		return runReal(ctx, client, config, folder)
	}
	a := New(ctx, client, config)
	go serveHealth(a)
	go a.Run(ctx)
	for a.Fault() != nil && ctx.Err() == nil {
		time.Sleep(200 * time.Millisecond)
	}
	for ctx.Err() == nil && tell(client, config.Node, false) != nil {
		time.Sleep(time.Second)
	}
	<-ctx.Done()
	log.Printf("stopping: the node is marked as without a network, its rules and routes stay")
	for attempt := 0; attempt < 3 && tell(client, config.Node, true) != nil; attempt++ {
		time.Sleep(time.Second)
	}
	return 0
}

// tell sets the node's NetworkUnavailable condition, as calico-node does when it starts and when it ends.
func tell(client *kube.Client, node string, down bool) error {
	status, reason, message := "False", "CalicoIsUp", "Calico is running on this node"
	if down {
		status, reason, message = "True", "CalicoIsDown", "Calico is shutting down on this node"
	}
	now := time.Now().UTC().Format(time.RFC3339)
	condition := map[string]any{
		"type": "NetworkUnavailable", "status": status, "reason": reason, "message": message,
		"lastHeartbeatTime": now, "lastTransitionTime": now,
	}
	err := client.Strategic(context.Background(), "/api/v1/nodes/"+node+"/status",
		map[string]any{"status": map[string]any{"conditions": []any{condition}}})
	if err != nil {
		log.Printf("the condition NetworkUnavailable=%s could not be set: %v", status, err)
	}
	return err
}

// serveHealth answers the probes of kubelet by what is really so.
func serveHealth(a *Agent) {
	mux := http.NewServeMux()
	mux.HandleFunc("/liveness", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/readiness", func(w http.ResponseWriter, _ *http.Request) {
		if fault := a.Fault(); fault != nil {
			http.Error(w, fault.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	for {
		// The one before may still hold the port for a moment.
		log.Printf("health: %v", http.ListenAndServe(healthAddress, mux))
		time.Sleep(time.Second)
	}
}
