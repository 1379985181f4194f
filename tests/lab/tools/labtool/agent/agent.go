// Package agent stands in for calico-node: the overlay, the address blocks, the policies and the state of one node.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"path/filepath"
	"reflect"
	"sort"
	"sync"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
	"seldon-k3s/tests/lab/tools/labtool/policy"
)

// Annotations of a Node by which Calico's nodes know each other.
const (
	addressAnnotation = "projectcalico.org/IPv4Address"
	tunnelAnnotation  = "projectcalico.org/IPv4VXLANTunnelAddr"
	macAnnotation     = "projectcalico.org/VXLANTunnelMACAddr"
)

const (
	// settle is how long changes are gathered before they are carried out.
	settle = 50 * time.Millisecond
	// refresh is how often the kernel is compared with what it should be, though nothing changed.
	refresh = 10 * time.Second
	// stale is the age of the last success from which on the agent says that it is not ready.
	stale = 60 * time.Second
)

// Config is what the pod is told.
type Config struct {
	Node, Address string
	MTU           int
	// Root is where the node's file system is mounted.
	Root string
}

// Agent is one node's.
type Agent struct {
	config Config
	client *kube.Client
	host   Host
	wake   chan struct{}

	nodes      *kube.Store[kube.Node]
	pods       *kube.Store[kube.Pod]
	namespaces *kube.Store[kube.Named]
	policies   *kube.Store[kube.NetworkPolicy]
	pools      *kube.Store[kube.IPPool]
	blocks     *kube.Store[kube.Block]

	programmed Rules
	checked    time.Time
	tokenTime  time.Time

	mutex sync.Mutex
	good  time.Time
	fault error
}

// New makes an agent that watches what it needs until the context ends.
func New(ctx context.Context, client *kube.Client, config Config) *Agent {
	a := &Agent{config: config, client: client, host: Host{config.Root}, wake: make(chan struct{}, 1), fault: errors.New("not started yet")}
	wake := func() {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
	a.nodes = kube.NewStore[kube.Node](ctx, client, "/api/v1/nodes", wake)
	a.pods = kube.NewStore[kube.Pod](ctx, client, "/api/v1/pods", wake)
	a.namespaces = kube.NewStore[kube.Named](ctx, client, "/api/v1/namespaces", wake)
	a.policies = kube.NewStore[kube.NetworkPolicy](ctx, client, "/apis/networking.k8s.io/v1/networkpolicies", wake)
	a.pools = kube.NewStore[kube.IPPool](ctx, client, "/apis/crd.projectcalico.org/v1/ippools", wake)
	a.blocks = kube.NewStore[kube.Block](ctx, client, blocksPath, wake)
	return a
}

// Run keeps the node so until the context ends.
func (a *Agent) Run(ctx context.Context) {
	for {
		err := a.reconcile(ctx)
		a.mutex.Lock()
		if err == nil {
			a.good = time.Now()
		} else if a.fault == nil || a.fault.Error() != err.Error() {
			log.Printf("not in order: %v", err)
		}
		if err == nil && a.fault != nil {
			log.Printf("in order")
		}
		a.fault = err
		a.mutex.Unlock()
		pause := refresh
		if err != nil {
			pause = time.Second
		}
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
			time.Sleep(settle)
		case <-time.After(pause):
		}
	}
}

// Fault says why the node is not ready; nil when it is.
func (a *Agent) Fault() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.fault != nil {
		return a.fault
	}
	if age := time.Since(a.good); age > stale {
		return fmt.Errorf("nothing was brought in order for %s", age.Round(time.Second))
	}
	return nil
}

func (a *Agent) reconcile(ctx context.Context) error {
	nodes, k1 := a.nodes.Items()
	pods, k2 := a.pods.Items()
	namespaces, k3 := a.namespaces.Items()
	policies, k4 := a.policies.Items()
	pools, k5 := a.pools.Items()
	blocks, k6 := a.blocks.Items()
	if !(k1 && k2 && k3 && k4 && k5 && k6) {
		return errors.New("the API has not told everything yet")
	}
	sort.Slice(pools, func(i, j int) bool { return pools[i].Metadata.Name < pools[j].Metadata.Name })
	own := ownBlocks(blocks, a.config.Node)
	if len(own) == 0 {
		if err := claim(ctx, a.client, pools, a.config.Node); err != nil {
			return fmt.Errorf("no block of addresses: %w", err)
		}
		return errors.New("waiting for the block of addresses that was claimed")
	}
	tunnel := Tunnel{Local: net.ParseIP(a.config.Address), Address: own[0].IP, MTU: a.config.MTU}
	if err := a.announce(ctx, nodes, tunnel); err != nil {
		return err
	}
	device, err := EnsureDevice(tunnel, macOf(a.config.Node))
	if err != nil {
		return err
	}
	remotes := remotesOf(a.config.Node, nodes, blocks)
	if err := EnsureRoutes(device, own, remotes); err != nil {
		return err
	}
	state := policy.State{Pods: pods, Namespaces: namespaces, Policies: policies}
	plane := planeOf(a.config.Node, pools, nodes, state)
	if err := a.program(Render(plane)); err != nil {
		return err
	}
	if err := writeStatus(filepath.Join(a.config.Root, "run/calico", StatusFolder), plane.Endpoints); err != nil {
		return err
	}
	if err := a.writeFiles(ctx, own, tunnel); err != nil {
		return err
	}
	return a.moreBlocks(ctx, pools, own)
}

func (a *Agent) program(rules Rules) error {
	if reflect.DeepEqual(rules, a.programmed) {
		if time.Since(a.checked) < refresh {
			return nil
		}
		a.checked = time.Now()
		if a.host.Intact(rules) {
			return nil
		}
		log.Printf("rules of ours were missing in the kernel; putting them back")
	}
	a.programmed = Rules{}
	if err := a.host.Program(rules); err != nil {
		return err
	}
	a.programmed = rules
	return nil
}

// announce tells the other nodes how to reach this one.
func (a *Agent) announce(ctx context.Context, nodes []kube.Node, tunnel Tunnel) error {
	wanted := map[string]string{
		addressAnnotation: a.config.Address + "/24",
		tunnelAnnotation:  tunnel.Address.String(),
		macAnnotation:     macOf(a.config.Node).String(),
	}
	for _, node := range nodes {
		if node.Metadata.Name != a.config.Node {
			continue
		}
		for key, value := range wanted {
			if node.Metadata.Annotations[key] != value {
				return a.client.Merge(ctx, "/api/v1/nodes/"+a.config.Node, map[string]any{"metadata": map[string]any{"annotations": wanted}})
			}
		}
		return nil
	}
	return fmt.Errorf("there is no node %s", a.config.Node)
}

// remotesOf gives every other node that has told how to reach it and has a block.
func remotesOf(self string, nodes []kube.Node, blocks []kube.Block) []Remote {
	var remotes []Remote
	for _, node := range nodes {
		mac, err := net.ParseMAC(node.Metadata.Annotations[macAnnotation])
		address := net.ParseIP(node.Metadata.Annotations[tunnelAnnotation])
		own := ownBlocks(blocks, node.Metadata.Name)
		if node.Metadata.Name == self || err != nil || address == nil || node.InternalIP() == "" || len(own) == 0 {
			continue
		}
		remotes = append(remotes, Remote{Node: net.ParseIP(node.InternalIP()), Address: address, MAC: mac, Blocks: own})
	}
	sort.Slice(remotes, func(i, j int) bool { return string(remotes[i].Address) < string(remotes[j].Address) })
	return remotes
}

// writeFiles tells the CNI plugins what they need. The node's name comes last: it is what they wait for.
func (a *Agent) writeFiles(ctx context.Context, own []*net.IPNet, tunnel Tunnel) error {
	library := filepath.Join(a.config.Root, "var/lib/calico")
	blocks := Blocks{Tunnel: tunnel.Address.String()}
	for _, block := range own {
		blocks.Ranges = append(blocks.Ranges, block.String())
	}
	if err := writeBlocks(library, blocks); err != nil {
		return err
	}
	if time.Since(a.tokenTime) > 6*time.Hour {
		if err := writeCNI(ctx, a.client, a.config); err != nil {
			return err
		}
		a.tokenTime = time.Now()
	}
	if err := writeFile(filepath.Join(library, "mtu"), []byte(fmt.Sprint(a.config.MTU)), 0o644); err != nil {
		return err
	}
	return writeFile(filepath.Join(library, "nodename"), []byte(a.config.Node), 0o644)
}

// moreBlocks claims another block before the node's own are used up.
func (a *Agent) moreBlocks(ctx context.Context, pools []kube.IPPool, own []*net.IPNet) error {
	free := -1 // the tunnel's
	for _, block := range own {
		ones, bits := block.Mask.Size()
		free += 1 << (bits - ones)
	}
	used, err := filepath.Glob(filepath.Join(a.config.Root, "var/lib/cni/networks", networkName, "*.*.*.*"))
	if err != nil {
		return err
	}
	if free-len(used) > 8 {
		return nil
	}
	return claim(ctx, a.client, pools, a.config.Node)
}
