package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestSettingsAreTheAgentsAndANumberMustBeOne(t *testing.T) {
	env := map[string]string{"SELDON_SERVER_GRPC_PORT": "9600", "SELDON_SCHEDULER_HOST": "seldon-scheduler"}
	found, err := readSettings(func(name string) string { return env[name] })
	if err != nil || found.serverGrpc != 9600 || found.schedulerPort != 9005 || found.schedulerHost != "seldon-scheduler" {
		t.Fatalf("got %+v, %v", found, err)
	}
	env["SELDON_SCHEDULER_PORT"] = "tcp://10.43.0.20:9005"
	if _, err := readSettings(func(name string) string { return env[name] }); err == nil || !strings.Contains(err.Error(), "Failed to parse SELDON_SCHEDULER_PORT") {
		t.Fatalf("a port that a Service link set was taken: %v", err)
	}
}

func TestAnAgentIsReadyOnceTheSchedulerHasTakenIt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := agentServer()
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	connected := make(chan struct{})
	own := settings{schedulerHost: "127.0.0.1", schedulerPort: listener.Addr().(*net.TCPAddr).Port}
	go subscribe(ctx, own, func() { close(connected) })
	<-connected
}

func TestReadinessTellsTheVerdict(t *testing.T) {
	port := freePort(t)
	var verdict atomic.Int32
	if err := serveReadiness(t.Context(), port, &verdict); err != nil {
		t.Fatal(err)
	}
	for _, status := range []int32{waiting, ready, stopped} {
		verdict.Store(status)
		address := net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
		response, err := http.Get("http://" + address.String() + "/ready")
		if err != nil || response.StatusCode != int(status) {
			t.Fatalf("want %d, got %v, %v", status, response, err)
		}
		response.Body.Close()
	}
}

// A port that was free a moment ago.
func freePort(t *testing.T) int {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	return server.Listener.Addr().(*net.TCPAddr).Port
}
