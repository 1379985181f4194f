// Labtool is what the lab's own pods run: one static program that takes the part of whatever it is called as.
//
// It stands in for Calico (operator, node agent, CNI plugins), because Calico's images are in no registry that the lab
// may use, and it measures what clients feel (load). Every part that stands in for something says so in its log.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"seldon-k3s/tests/lab/tools/labtool/agent"
	"seldon-k3s/tests/lab/tools/labtool/cni"
	"seldon-k3s/tests/lab/tools/labtool/dns"
	"seldon-k3s/tests/lab/tools/labtool/load"
	"seldon-k3s/tests/lab/tools/labtool/operator"
)

// command is one part of the program. It returns the exit code.
type command struct {
	summary string
	run     func(args []string) int
}

var commands = map[string]command{
	"apiserver":   {"the aggregated API projectcalico.org/v3, with nothing in it", operator.MainAPI},
	"calico":      {"the CNI plugin", cni.Main},
	"calico-ipam": {"the CNI plugin's address plugin", cni.MainIPAM},
	"calico-node": {"a node's agent; with install-cni: put the plugins on the node", agent.Main},
	"operator":    {"the Tigera operator's part", operator.Main},
	"dns":         {"the cluster's DNS server, for Services", dns.Main},
	"load":        {"call the servers of other nodes, and count", load.MainLoad},
	"pause":       {"wait until told to end", operator.MainPause},
	"serve":       {"tell each caller the address it is seen by", load.MainServe},
}

// aliases are the file names under which the program is installed in place of another.
var aliases = map[string]string{
	"calico": "calico", "calico-ipam": "calico-ipam", "calico-node": "calico-node", "operator": "operator",
}

func usage() int {
	names := make([]string, 0, len(commands))
	for name := range commands {
		names = append(names, name)
	}
	sort.Strings(names)
	var text strings.Builder
	text.WriteString("usage: labtool COMMAND [ARGUMENTS]\n\ncommands:\n")
	for _, name := range names {
		fmt.Fprintf(&text, "  %-16s %s\n", name, commands[name].summary)
	}
	fmt.Fprint(os.Stderr, text.String())
	return 2
}

func main() {
	if name, known := aliases[filepath.Base(os.Args[0])]; known {
		os.Exit(commands[name].run(os.Args[1:]))
	}
	if len(os.Args) < 2 {
		os.Exit(usage())
	}
	chosen, known := commands[os.Args[1]]
	if !known {
		os.Exit(usage())
	}
	os.Exit(chosen.run(os.Args[2:]))
}
