package agent

import (
	"strings"
	"testing"

	"seldon-k3s/tests/lab/tools/labtool/policy"
)

var plane = Dataplane{
	Pools:            []string{"10.42.0.0/17", "10.42.128.0/17"},
	MasqueradedPools: []string{"10.42.128.0/17"},
	Nodes:            []string{"192.0.2.11", "192.0.2.12"},
	Endpoints: []Endpoint{
		{Iface: "cali0open"},
		{Iface: "cali1shut", Ingress: policy.Ingress{Isolated: true, Allows: []policy.Allow{
			{From: []string{"10.42.1.2/32"}, Protocol: "tcp", Port: "9000"},
			{From: []string{"0.0.0.0/0"}, Except: []string{"192.0.2.0/24"}},
		}}},
	},
}

func TestAnUnknownVethIsDroppedAndAKnownOneGoesThroughItsChain(t *testing.T) {
	dispatch := Render(plane).Chains["filter"]["cali-to-wl-dispatch"]
	want := []string{
		"-j MARK --set-xmark 0x0/0x100000",
		"-o cali0open -g cali-tw-cali0open",
		"-o cali1shut -g cali-tw-cali1shut",
		"-j DROP",
	}
	if strings.Join(dispatch, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(dispatch, "\n"))
	}
}

func TestAnIsolatedPodLetsInWhatItsPoliciesAllowAndDropsTheRest(t *testing.T) {
	rules := Render(plane)
	chain := strings.Join(rules.Chains["filter"]["cali-tw-cali1shut"], "\n")
	if !strings.Contains(chain, " src -p tcp -m tcp --dport 9000 -j MARK") || !strings.HasSuffix(chain, "\n-j DROP") {
		t.Errorf("got\n%s", chain)
	}
	if open := rules.Chains["filter"]["cali-tw-cali0open"]; open[len(open)-1] != "-j MARK --set-xmark "+acceptMark {
		t.Errorf("a pod without policies: got %v", open)
	}
	sets := rules.SetsInput()
	for _, member := range []string{"add cali4t0 10.42.1.2/32", "add cali4t0 0.0.0.0/1\n", "add cali4t0 192.0.2.0/24 nomatch"} {
		if !strings.Contains(sets, member) {
			t.Errorf("%q is not in\n%s", member, sets)
		}
	}
}

func TestAChainThatIsWantedNoMoreGoesInTheSameStep(t *testing.T) {
	input := Render(plane).RestoreInput("filter", []string{"cali-FORWARD", "cali-tw-cali9gone"})
	if !strings.Contains(input, ":cali-tw-cali9gone - [0:0]\n") || !strings.Contains(input, "-X cali-tw-cali9gone\nCOMMIT\n") {
		t.Errorf("got\n%s", input)
	}
	if strings.Contains(input, "-X cali-FORWARD") {
		t.Error("a chain that is wanted was taken away")
	}
}

func TestNamesFitTheKernel(t *testing.T) {
	for name := range Render(plane).Sets {
		if len(name) > 31 {
			t.Errorf("set %s has %d characters, the kernel takes 31", name, len(name))
		}
	}
	if chain := "cali-tw-" + ifaceOf("some-namespace", "some-pod"); len(chain) > 28 {
		t.Errorf("chain %s has %d characters, the kernel takes 28", chain, len(chain))
	}
}
