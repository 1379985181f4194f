package load

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// MainLoad is the `load` command: calls the servers of other nodes until it is told to end, and writes a line a second
// for each stream of requests to a file of the node.
func MainLoad(args []string) int {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	from := flags.String("from", "", "name of this node, for the report")
	nodes := flags.String("nodes", "", "nodes to call, separated by commas: the pods behind Service server-<node>, by their own addresses")
	services := flags.String("services", "", "names <name> to call, separated by commas: Service server-<name>")
	folder := flags.String("report", "/report", "folder for the report")
	rate := flags.Int("rate", 50, "new connections a second to each")
	linger := flags.Duration("linger", 8*time.Second, "how long to go on after SIGTERM, until another client has taken over")
	if flags.Parse(args) != nil {
		return 2
	}
	client, err := kube.InCluster()
	if err != nil {
		log.Print(err)
		return 1
	}
	pod, namespace := os.Getenv("POD_NAME"), os.Getenv("POD_NAMESPACE")
	file, err := os.OpenFile(filepath.Join(*folder, pod+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		log.Print(err)
		return 1
	}
	defer file.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	slices := kube.NewStore[kube.EndpointSlice](ctx, client, "/apis/discovery.k8s.io/v1/namespaces/"+namespace+"/endpointslices", func() {})
	var recorders []*Recorder
	// Two sources of addresses, because each is for one goroutine.
	start := func(to, mode string, paced, held addressOf) {
		requests, connection := NewRecorder(*from, pod, to, mode, time.Now()), NewRecorder(*from, pod, to, "stream", time.Now())
		recorders = append(recorders, requests, connection)
		go pace(ctx, *rate, paced, requests)
		go hold(ctx, held, connection)
	}
	for _, node := range words(*nodes) {
		start(node, "pod", follow("server-"+node, slices).next, follow("server-"+node, slices).next)
	}
	for _, name := range words(*services) {
		address, err := serviceAddress(ctx, client, namespace, "server-"+name)
		if err != nil {
			log.Print(err)
			return 1
		}
		same := func(time.Time) string { return address }
		start(name, "service", same, same)
	}
	go watchStalls(func(d time.Duration) {
		for _, recorder := range recorders {
			recorder.Stalled(d)
		}
	})
	var end <-chan time.Time
	tick := time.NewTicker(time.Second)
	for {
		select {
		case <-signals:
			end = time.After(*linger)
		case now := <-tick.C:
			for _, recorder := range recorders {
				if err := recorder.Flush(now, file); err != nil {
					log.Print(err)
					return 1
				}
			}
		case <-end:
			cancel()
			for _, recorder := range recorders {
				_ = recorder.Flush(time.Now(), file)
			}
			return 0
		}
	}
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}
