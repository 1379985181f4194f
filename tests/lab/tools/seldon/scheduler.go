package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

const (
	// agentPort is where agents register, healthPort what the kubelet asks.
	agentPort  = 9005
	healthPort = 9999
)

// runScheduler takes every agent that comes, and keeps its stream open.
func runScheduler(ctx context.Context) error {
	agents, err := net.Listen("tcp", fmt.Sprintf(":%d", agentPort))
	if err != nil {
		return err
	}
	server := agentServer()
	health := &http.Server{Addr: fmt.Sprintf(":%d", healthPort), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
	})}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(agents) }()
	go func() { failed <- health.ListenAndServe() }()
	slog.Info("Scheduler is ready")
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	server.Stop()
	return errors.Join(err, health.Close())
}

func agentServer() *grpc.Server {
	take := func(_ any, stream grpc.ServerStream) error {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		from := "somebody"
		if caller, ok := peer.FromContext(stream.Context()); ok {
			from = caller.Addr.String()
		}
		slog.Info("Received agent subscribe request from " + from)
		// The header is what tells the agent that it is connected.
		if err := stream.SendHeader(metadata.Pairs("stand-in", "scheduler")); err != nil {
			return err
		}
		<-stream.Context().Done()
		slog.Info("Client replica " + from + " has disconnected")
		return nil
	}
	return grpc.NewServer(grpc.ForceServerCodec(bytesCodec{}), grpc.UnknownServiceHandler(take))
}
