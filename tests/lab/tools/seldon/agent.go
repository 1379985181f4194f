package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

// What the agent answers to GET /ready (scheduler/pkg/agent/readyservice).
const (
	waiting int32 = http.StatusServiceUnavailable
	ready   int32 = http.StatusOK
	stopped int32 = http.StatusNotFound
)

const rcloneAddress = "http://0.0.0.0:5572/rc/noop"

// longestWait is between two questions to a neighbour (config.ServiceReadyRetryMaxInterval).
const longestWait = 30 * time.Second

func runAgent(ctx context.Context) error {
	own, err := ownSettings()
	if err != nil {
		return err
	}
	var verdict atomic.Int32
	verdict.Store(waiting)
	if err := serveReadiness(ctx, own.readiness, &verdict); err != nil {
		return err
	}
	server, err := dial(fmt.Sprintf("0.0.0.0:%d", own.serverGrpc))
	if err != nil {
		return err
	}
	defer server.Close()
	if err := waitForNeighbours(ctx, server, own.beforeStart); err != nil {
		return err
	}
	slog.Info("All critical agent subservices ready.")
	// Its end closes the stream to the scheduler, and nothing begins that again.
	subscription, end := context.WithCancel(ctx)
	defer end()
	go subscribe(subscription, own, func() { verdict.Store(ready) })
	for sleep(ctx, own.afterStart) {
		err := retry(ctx, own.afterStart, "Inference Server", func() error { return live(ctx, server) })
		if err == nil || ctx.Err() != nil {
			continue
		}
		slog.Error("Giving up on waiting for Inference Server service to become ready; service marked as failed", "error", err)
		slog.Info("Shutting down stream to scheduler")
		end()
		verdict.Store(stopped)
		slog.Info("Stopping")
		<-ctx.Done()
	}
	return nil
}

func serveReadiness(ctx context.Context, port int, verdict *atomic.Int32) error {
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		status := verdict.Load()
		if status == stopped {
			slog.Error("readiness HTTP handler failed, target not set")
		}
		w.WriteHeader(int(status))
	})
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}

// waitForNeighbours asks rclone and the inference server until both answer, side by side as the agent does.
func waitForNeighbours(ctx context.Context, server *grpc.ClientConn, within time.Duration) error {
	answers := make(chan error, 2)
	ask := func(name string, question func() error) {
		err := retry(ctx, within, name, question)
		if err != nil {
			slog.Error(fmt.Sprintf("Giving up on waiting for %s service to become ready; service marked as failed", name), "error", err)
		}
		answers <- err
	}
	go ask("Model Repository (rclone)", func() error { return noop(ctx) })
	go ask("Inference Server", func() error { return live(ctx, server) })
	return errors.Join(<-answers, <-answers)
}

// noop asks rclone as any Go program does, proxy variables and all.
func noop(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, rcloneAddress, bytes.NewReader([]byte("{}")))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("rclone answered %s", response.Status)
	}
	return nil
}

// live is true when ServerLiveResponse says so: field 1, a bool.
func live(ctx context.Context, server *grpc.ClientConn) error {
	var request, response []byte
	if err := server.Invoke(ctx, "/inference.GRPCInferenceService/ServerLive", &request, &response); err != nil {
		return err
	}
	if !bytes.Equal(response, []byte{0x08, 0x01}) {
		return fmt.Errorf("server is not live")
	}
	return nil
}

// subscribe keeps a stream to the scheduler, and says when there is one.
func subscribe(ctx context.Context, own settings, connected func()) {
	conn, err := dial(fmt.Sprintf("%s:%d", own.schedulerHost, own.schedulerPort))
	if err != nil {
		slog.Error("Failed to create connection to scheduler", "error", err)
		return
	}
	defer conn.Close()
	stream := func() error {
		description := grpc.StreamDesc{ServerStreams: true}
		subscription, err := conn.NewStream(ctx, &description, "/seldon.mlops.agent.AgentService/Subscribe")
		if err != nil {
			return err
		}
		var message []byte
		if err := subscription.SendMsg(&message); err != nil {
			return err
		}
		if header, err := subscription.Header(); err != nil || header == nil {
			return errors.Join(err, subscription.RecvMsg(&message))
		}
		slog.Info("Subscribed to scheduler")
		connected()
		return subscription.RecvMsg(&message)
	}
	wait := firstWait
	for ctx.Err() == nil {
		started := time.Now()
		err := stream()
		if ctx.Err() != nil {
			return
		}
		slog.Error("Scheduler not ready", "error", err)
		if time.Since(started) > longestWait {
			wait = firstWait
		}
		sleep(ctx, wait)
		wait = min(wait*3/2, longestWait)
	}
}

const firstWait = 500 * time.Millisecond

// retry asks until the answer is right, less and less often.
func retry(ctx context.Context, within time.Duration, name string, question func() error) error {
	end := time.Now().Add(within)
	for wait := firstWait; ; wait = min(wait*3/2, longestWait) {
		err := question()
		if err == nil || time.Now().Add(wait).After(end) || ctx.Err() != nil {
			return err
		}
		slog.Info(fmt.Sprintf("Waiting for %s service to become ready... next check in %s", name, wait.Round(100*time.Millisecond)), "error", err)
		sleep(ctx, wait)
	}
}

// sleep is false when the program is to end.
func sleep(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}
