package dns

import (
	"context"
	"encoding/binary"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// service is a core/v1 Service.
type service struct {
	Metadata kube.Meta `json:"metadata"`
	Spec     struct {
		ClusterIP string `json:"clusterIP"`
	} `json:"spec"`
}

func (s service) GetMeta() kube.Meta { return s.Metadata }

// Main is the `dns` command.
func Main(args []string) int {
	log.SetPrefix("dns (stand-in for CoreDNS): ")
	flags := flag.NewFlagSet("dns", flag.ContinueOnError)
	domain := flags.String("domain", "cluster.local", "the cluster's domain")
	listen := flags.String("listen", ":53", "address to answer on, UDP and TCP")
	ready := flags.String("ready", ":8181", "address that answers GET /ready")
	linger := flags.Duration("linger", 5*time.Second, "how long to go on after SIGTERM")
	if flags.Parse(args) != nil {
		return 2
	}
	client, err := kube.InCluster()
	if err != nil {
		log.Print(err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Not the one that the signal ends: what is known must hold while the server lingers.
	watching := context.Background()
	services := kube.NewStore[service](watching, client, "/api/v1/services", func() {})
	slices := kube.NewStore[kube.EndpointSlice](watching, client, "/apis/discovery.k8s.io/v1/endpointslices", func() {})
	lookup := lookupIn(services, slices)

	packets, err := net.ListenPacket("udp", *listen)
	if err != nil {
		log.Print(err)
		return 1
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Print(err)
		return 1
	}
	go serveUDP(packets, *domain, lookup)
	go serveTCP(listener, *domain, lookup)
	go func() {
		log.Print(http.ListenAndServe(*ready, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, first := services.Items()
			_, second := slices.Items()
			if !first || !second {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})))
		os.Exit(1)
	}()
	<-ctx.Done()
	time.Sleep(*linger)
	return 0
}

func lookupIn(services *kube.Store[service], slices *kube.Store[kube.EndpointSlice]) Lookup {
	return func(name, namespace string) ([]net.IP, bool) {
		items, _ := services.Items()
		for _, service := range items {
			if service.Metadata.Name != name || service.Metadata.Namespace != namespace {
				continue
			}
			if service.Spec.ClusterIP != "None" {
				return []net.IP{net.ParseIP(service.Spec.ClusterIP)}, true
			}
			var addresses []net.IP
			all, _ := slices.Items()
			for _, slice := range all {
				if slice.Metadata.Namespace == namespace && slice.Service() == name {
					for _, address := range slice.ReadyAddresses() {
						addresses = append(addresses, net.ParseIP(address))
					}
				}
			}
			return addresses, true
		}
		return nil, false
	}
}

func serveUDP(packets net.PacketConn, domain string, lookup Lookup) {
	buffer := make([]byte, 4096)
	for {
		length, from, err := packets.ReadFrom(buffer)
		if err != nil {
			log.Print(err)
			continue
		}
		if reply := answer(buffer[:length], domain, lookup); reply != nil {
			_, _ = packets.WriteTo(reply, from)
		}
	}
}

// serveTCP answers one question after the other on each connection; each has its length in front.
func serveTCP(listener net.Listener, domain string, lookup Lookup) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Print(err)
			return
		}
		go func() {
			defer connection.Close()
			for {
				_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
				var length uint16
				if binary.Read(connection, binary.BigEndian, &length) != nil {
					return
				}
				question := make([]byte, length)
				if _, err := io.ReadFull(connection, question); err != nil {
					return
				}
				reply := answer(question, domain, lookup)
				if reply == nil {
					return
				}
				if _, err := connection.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
					return
				}
			}
		}()
	}
}
