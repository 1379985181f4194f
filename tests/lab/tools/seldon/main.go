// The part of Seldon Core that a server pod of the lab needs and that no package registry has: a stand-in for the agent
// and for the scheduler that it registers with. It says so in its first line.
//
// It does to its neighbours what the real one does, by the same means (Seldon Core 2.10.2, scheduler/pkg/agent): gRPC
// ServerLive to 0.0.0.0:SELDON_SERVER_GRPC_PORT, POST /rc/noop to rclone, a stream to the scheduler, /ready on
// SELDON_READINESS_PORT, and the same words in its log. It loads no model and asks no Kubernetes API.
//
//	agent | scheduler (by the name that it is started under)
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	name := filepath.Base(os.Args[0])
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, nil)))
	slog.Info(fmt.Sprintf("this is a stand-in for Seldon's %s, made for tests", name))
	run, known := map[string]func(context.Context) error{"agent": runAgent, "scheduler": runScheduler}[name]
	if !known {
		slog.Error(fmt.Sprintf("started as %q; allowed: agent, scheduler", name))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx); err != nil && ctx.Err() == nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}
