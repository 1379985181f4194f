package agent

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sort"
	"strings"

	"seldon-k3s/tests/lab/tools/labtool/policy"
)

// acceptMark says "a policy lets this pass". It is the lowest bit of the mask that the stack gives Felix, and that Felix
// then uses; kube-router's and kube-proxy's marks lie below.
const acceptMark = "0x100000/0x100000"

const (
	vxlanDevice = "vxlan.calico"
	vxlanPort   = 4789
	vxlanVNI    = 4096
)

const (
	setAllPools  = "cali40all-ipam-pools"
	setMasqPools = "cali40masq-ipam-pools"
	setNodes     = "cali40all-vxlan-net"
	setPeers     = "cali40s:"
)

// Endpoint is a pod of this node.
type Endpoint struct {
	// Iface is the host's end of the pod's veth pair.
	Iface   string
	Ingress policy.Ingress
}

// Dataplane is what the kernel's packet filter must do. What Felix does for the same objects is the model: which chains,
// sets, marks and rules there are, and what they are called, so that whoever cleans up after Felix can be proven here.
type Dataplane struct {
	// Ranges of all pools, of those whose pods are masqueraded towards the world, and addresses of all nodes.
	Pools, MasqueradedPools, Nodes []string
	Endpoints                      []Endpoint
}

// Jump is a rule in a chain that belongs to nobody.
type Jump struct {
	Table, Chain, Rule string
	// Last puts it at the end, behind everybody else's; else it comes first.
	Last bool
}

// Rules is a data plane in the words of iptables and ipset.
type Rules struct {
	// Chains by table, then by name: their rules without `-A <chain>`.
	Chains map[string]map[string][]string
	Jumps  []Jump
	// Sets (hash:net) and their members.
	Sets map[string][]string
}

// Render gives the rules of a data plane; the same data plane always gives the same rules.
func Render(plane Dataplane) Rules {
	rules := Rules{
		Chains: map[string]map[string][]string{
			"raw": {"cali-PREROUTING": {"-i cali+ -m rpfilter --validmark --invert -j DROP"}, "cali-OUTPUT": {}},
			"mangle": {
				"cali-PREROUTING":  {"-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"},
				"cali-POSTROUTING": {"-m mark --mark " + acceptMark + " -j RETURN"},
			},
			"nat": {
				"cali-PREROUTING": {},
				"cali-OUTPUT":     {},
				"cali-POSTROUTING": {
					"-j cali-nat-outgoing",
					// What the node itself sends through the tunnel must have the tunnel's address, or no answer finds its way.
					"-o " + vxlanDevice + " -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL -j MASQUERADE --random-fully",
				},
				"cali-nat-outgoing": {
					"-m set --match-set " + setMasqPools + " src -m set ! --match-set " + setAllPools + " dst -j MASQUERADE --random-fully",
				},
			},
			"filter": {
				"cali-INPUT": {
					fmt.Sprintf("-p udp -m udp --dport %d -m set --match-set %s src -m addrtype --dst-type LOCAL -j ACCEPT", vxlanPort, setNodes),
					fmt.Sprintf("-p udp -m udp --dport %d -m addrtype --dst-type LOCAL -j DROP", vxlanPort),
				},
				"cali-OUTPUT": {},
				"cali-FORWARD": {
					"-j MARK --set-xmark " + clear(acceptMark),
					"-i cali+ -j cali-from-wl-dispatch",
					"-o cali+ -j cali-to-wl-dispatch",
				},
				"cali-from-wl-dispatch": {"-j MARK --set-xmark " + acceptMark},
			},
		},
		Jumps: []Jump{
			{Table: "raw", Chain: "PREROUTING", Rule: "-j cali-PREROUTING"},
			{Table: "raw", Chain: "OUTPUT", Rule: "-j cali-OUTPUT"},
			{Table: "mangle", Chain: "PREROUTING", Rule: "-j cali-PREROUTING"},
			{Table: "mangle", Chain: "POSTROUTING", Rule: "-j cali-POSTROUTING"},
			{Table: "nat", Chain: "PREROUTING", Rule: "-j cali-PREROUTING"},
			{Table: "nat", Chain: "OUTPUT", Rule: "-j cali-OUTPUT"},
			{Table: "nat", Chain: "POSTROUTING", Rule: "-j cali-POSTROUTING"},
			{Table: "filter", Chain: "INPUT", Rule: "-j cali-INPUT"},
			{Table: "filter", Chain: "OUTPUT", Rule: "-j cali-OUTPUT"},
			{Table: "filter", Chain: "FORWARD", Rule: "-j cali-FORWARD"},
			// Last: others (kube-router) have their say before what our policies let pass is accepted.
			{Table: "filter", Chain: "FORWARD", Rule: "-m mark --mark " + acceptMark + " -j ACCEPT", Last: true},
		},
		Sets: map[string][]string{setAllPools: plane.Pools, setMasqPools: plane.MasqueradedPools, setNodes: plane.Nodes},
	}
	rules.renderEndpoints(plane.Endpoints)
	return rules
}

// renderEndpoints makes a chain for each pod, and sends what goes to a pod through it. What goes to a veth that no chain
// knows is dropped: a pod is never open because its policies come late.
func (r *Rules) renderEndpoints(endpoints []Endpoint) {
	filter := r.Chains["filter"]
	dispatch := []string{"-j MARK --set-xmark " + clear(acceptMark)}
	for _, endpoint := range endpoints {
		chain := "cali-tw-" + endpoint.Iface
		dispatch = append(dispatch, "-o "+endpoint.Iface+" -g "+chain)
		rules := []string{
			"-m conntrack --ctstate RELATED,ESTABLISHED -j MARK --set-xmark " + acceptMark,
			"-m mark --mark " + acceptMark + " -j RETURN",
			"-m conntrack --ctstate INVALID -j DROP",
		}
		if !endpoint.Ingress.Isolated {
			filter[chain] = append(rules, "-j MARK --set-xmark "+acceptMark)
			continue
		}
		for _, allow := range endpoint.Ingress.Allows {
			rules = append(rules, strings.Join(append(r.match(allow), "-j MARK --set-xmark "+acceptMark), " "))
		}
		filter[chain] = append(rules, "-m mark --mark "+acceptMark+" -j RETURN", "-j DROP")
	}
	filter["cali-to-wl-dispatch"] = append(dispatch, "-j DROP")
}

// match gives the matching part of a rule, and makes the set that it names.
func (r *Rules) match(allow policy.Allow) []string {
	var words []string
	if allow.From != nil {
		members := splitAll(allow.From)
		for _, except := range allow.Except {
			members = append(members, except+" nomatch")
		}
		name := setPeers + digest(strings.Join(members, ","))[:20]
		r.Sets[name] = members
		words = append(words, "-m set --match-set "+name+" src")
	}
	if allow.Protocol != "" {
		words = append(words, "-p "+allow.Protocol)
	}
	if allow.Port != "" {
		words = append(words, "-m "+allow.Protocol+" --dport "+allow.Port)
	}
	return words
}

// splitAll writes 0.0.0.0/0, which the kernel's set type cannot hold, as two halves.
func splitAll(ranges []string) []string {
	var out []string
	for _, cidr := range ranges {
		if cidr == "0.0.0.0/0" {
			out = append(out, "0.0.0.0/1", "128.0.0.0/1")
		} else {
			out = append(out, cidr)
		}
	}
	return out
}

// clear turns mark/mask into "no bit of the mask".
func clear(mark string) string { return "0x0/" + strings.Split(mark, "/")[1] }

// comment gives the comment of a rule: as Felix does, each rule carries `cali:` and a digest of itself, by which a stale
// one is known and by which it can only be deleted with its exact text.
func comment(chain, rule string) string {
	return `-m comment --comment "cali:` + digest(chain + " " + rule)[:16] + `"`
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// RestoreInput is the input of `iptables-restore --noflush` for one table: our chains anew, and those of ours that stand
// in the kernel but are wanted no more taken away, all in one step.
func (r Rules) RestoreInput(table string, present []string) string {
	chains := r.Chains[table]
	var text strings.Builder
	fmt.Fprintf(&text, "*%s\n", table)
	names := sortedKeys(chains)
	var stale []string
	for _, name := range present {
		if _, wanted := chains[name]; !wanted {
			stale = append(stale, name)
		}
	}
	for _, name := range append(append([]string{}, names...), stale...) {
		fmt.Fprintf(&text, ":%s - [0:0]\n", name)
	}
	for _, name := range names {
		for _, rule := range chains[name] {
			fmt.Fprintf(&text, "-A %s %s %s\n", name, comment(name, rule), rule)
		}
	}
	for _, name := range stale {
		fmt.Fprintf(&text, "-X %s\n", name)
	}
	text.WriteString("COMMIT\n")
	return text.String()
}

// SetsInput is the input of `ipset restore -exist` that makes every set so, each in one step.
func (r Rules) SetsInput() string {
	var text strings.Builder
	for _, name := range sortedKeys(r.Sets) {
		fmt.Fprintf(&text, "create %s hash:net family inet maxelem 65536\n", name)
		fmt.Fprintf(&text, "create cali4t0 hash:net family inet maxelem 65536\nflush cali4t0\n")
		members := append([]string{}, r.Sets[name]...)
		sort.Strings(members)
		for _, member := range members {
			fmt.Fprintf(&text, "add cali4t0 %s\n", member)
		}
		fmt.Fprintf(&text, "swap %s cali4t0\ndestroy cali4t0\n", name)
	}
	return text.String()
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
