package agent

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"seldon-k3s/tests/lab/tools/labtool/kube"
	"seldon-k3s/tests/lab/tools/labtool/policy"
)

// This test changes the packet filter and the routes of the network namespace it runs in, so it makes one of its own:
// it starts itself again below `unshare --net`.
func TestKernel(t *testing.T) {
	if os.Getenv("LAB_KERNEL_TEST") == "" {
		if os.Getuid() != 0 {
			t.Skip("needs root")
		}
		for _, tool := range []string{"unshare", "iptables", "ipset"} {
			if _, err := exec.LookPath(tool); err != nil {
				t.Skipf("needs %s", tool)
			}
		}
		again := exec.Command("unshare", "--net", os.Args[0], "-test.run=^TestKernel$", "-test.v")
		again.Env = append(os.Environ(), "LAB_KERNEL_TEST=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	host := Host{Root: "/"}
	sh := func(command string) string {
		out, err := exec.Command("sh", "-ec", command).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return string(out)
	}
	sh("ip link set lo up; ip link add eth0 type veth peer name peer; ip addr add 192.0.2.11/24 dev eth0; ip link set eth0 up")

	t.Run("rules", func(t *testing.T) {
		rules := Render(plane)
		for round := 0; round < 2; round++ {
			if err := host.Program(rules); err != nil {
				t.Fatal(err)
			}
		}
		if !host.Intact(rules) {
			t.Error("what was just programmed is not intact")
		}
		saved := sh("iptables-save")
		if strings.Count(saved, "-A POSTROUTING ") != 2 || strings.Count(saved, "-A FORWARD ") != 2 {
			t.Errorf("a second round added rules:\n%s", saved)
		}
		less := plane
		less.Endpoints = plane.Endpoints[:1]
		if err := host.Program(Render(less)); err != nil {
			t.Fatal(err)
		}
		if saved := sh("iptables-save; ipset list -n"); strings.Contains(saved, "cali1shut") || strings.Contains(saved, setPeers) {
			t.Errorf("an endpoint that is gone has left something:\n%s", saved)
		}
		sh("iptables -F cali-FORWARD")
		if host.Intact(Render(less)) {
			t.Error("a chain that was emptied went unseen")
		}
	})

	t.Run("routes", func(t *testing.T) {
		tunnel := Tunnel{Local: net.ParseIP("192.0.2.11"), Address: net.ParseIP("10.42.200.0"), MTU: 1450}
		block := func(text string) *net.IPNet { _, cidr, _ := net.ParseCIDR(text); return cidr }
		remote := Remote{
			Node: net.ParseIP("192.0.2.12"), Address: net.ParseIP("10.42.201.0"), MAC: macOf("other"),
			Blocks: []*net.IPNet{block("10.42.201.0/26"), block("10.42.202.0/26")},
		}
		own := []*net.IPNet{block("10.42.200.0/26")}
		var device netlink.Link
		for round := 0; round < 2; round++ {
			var err error
			if device, err = EnsureDevice(tunnel, macOf("self")); err != nil {
				t.Fatal(err)
			}
			if err := EnsureRoutes(device, own, []Remote{remote}); err != nil {
				t.Fatal(err)
			}
		}
		routes := sh("ip route show proto 80")
		for _, want := range []string{"blackhole 10.42.200.0/26", "10.42.201.0/26 via 10.42.201.0 dev vxlan.calico onlink", "10.42.202.0/26 via 10.42.201.0"} {
			if !strings.Contains(routes, want) {
				t.Errorf("no %q in\n%s", want, routes)
			}
		}
		if neighbours := sh("ip neigh show dev vxlan.calico; bridge fdb show dev vxlan.calico"); strings.Count(neighbours, macOf("other").String()) != 2 {
			t.Errorf("neighbours:\n%s", neighbours)
		}
		if err := EnsureRoutes(device, own, nil); err != nil {
			t.Fatal(err)
		}
		if rest := sh("ip route show proto 80; ip neigh show dev vxlan.calico; bridge fdb show dev vxlan.calico | grep permanent || true"); strings.Contains(rest, "10.42.201") {
			t.Errorf("a node that is gone has left\n%s", rest)
		}
	})
}

func TestBlocks(t *testing.T) {
	pool := kube.IPPool{}
	pool.Spec.CIDR, pool.Spec.BlockSize = "10.42.128.0/17", 26
	all, err := candidates(pool, "s1")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	_, cidr, _ := net.ParseCIDR(pool.Spec.CIDR)
	for _, block := range all {
		if !cidr.Contains(block.IP) {
			t.Errorf("%s is outside of the pool", block)
		}
		seen[block.String()] = true
	}
	if len(seen) != 512 {
		t.Errorf("%d blocks, want 512", len(seen))
	}
	if other, _ := candidates(pool, "a1"); other[0].String() == all[0].String() {
		t.Error("two nodes begin at the same block")
	}
	pool.Spec.BlockSize = 16
	if _, err := candidates(pool, "s1"); err == nil {
		t.Error("a block larger than its pool was not refused")
	}
}

func TestEndpointsAreTheNodesOwnPods(t *testing.T) {
	pod := func(node, name string) kube.Pod {
		pod := kube.Pod{}
		pod.Metadata.Namespace, pod.Metadata.Name, pod.Spec.NodeName = "a", name, node
		return pod
	}
	mine, elsewhere, done, onHost := pod("s1", "mine"), pod("a1", "x"), pod("s1", "done"), pod("s1", "host")
	done.Status.Phase, onHost.Spec.HostNetwork = "Succeeded", true
	endpoints := endpointsOf("s1", policy.State{Pods: []kube.Pod{elsewhere, done, onHost, mine}})
	if len(endpoints) != 1 || endpoints[0].Iface != ifaceOf("a", "mine") {
		t.Errorf("got %+v", endpoints)
	}
}
