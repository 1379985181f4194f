package main

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// startPolicyController starts kube-router where its program is at hand (LAB_EXTRAS), as K3s does on servers and agents.
// Otherwise it only puts the traces of it in place, which is enough to prove that they are taken away.
func (l *localNode) startPolicyController() error {
	if router := component("kube-router"); exists(router) {
		// Killed with K3s: its rules stay, frozen, which is what the order of a switch has to reckon with.
		return l.children.startWith("kube-router", router, []string{
			"--kubeconfig=" + agentFolder + "/k3scontroller.kubeconfig", "--hostname-override=" + l.node.name,
			"--run-firewall=true", "--run-router=false", "--run-service-proxy=false", "--health-port=0",
			"--service-cluster-ip-range=" + l.network.ServiceCIDR,
		}, nil, syscall.SIGKILL)
	}
	info("Starting network policy controller: the lab's stand-in, which makes kube-router's chains and sets and enforces nothing")
	return standInRules()
}

// standInRules makes what kube-router leaves on a node (its names and comments), without any effect: every chain returns.
func standInRules() error {
	for _, set := range []string{"KUBE-SRC-STANDIN", "KUBE-DST-STANDIN"} {
		if err := quietly("ipset", "create", "-exist", set, "hash:ip"); err != nil {
			return err
		}
	}
	chains := []string{"KUBE-ROUTER-INPUT", "KUBE-ROUTER-FORWARD", "KUBE-ROUTER-OUTPUT", "KUBE-POD-FW-STANDIN", "KUBE-NWPLCY-DEFAULT", "KUBE-NWPLCY-STANDIN"}
	for _, chain := range chains {
		if quietly("iptables", "-w", "-n", "-L", chain) == nil {
			continue
		}
		if err := quietly("iptables", "-w", "-N", chain); err != nil {
			return err
		}
	}
	rules := [][]string{
		{"KUBE-ROUTER-FORWARD", "-m", "comment", "--comment", "rule to jump traffic to the pod's chain (stand-in)", "-j", "KUBE-POD-FW-STANDIN"},
		{"KUBE-POD-FW-STANDIN", "-m", "comment", "--comment", "run through nw policy (stand-in)", "-j", "KUBE-NWPLCY-STANDIN"},
		{"KUBE-NWPLCY-STANDIN", "-m", "set", "--match-set", "KUBE-SRC-STANDIN", "src", "-m", "set", "--match-set", "KUBE-DST-STANDIN", "dst", "-j", "RETURN"},
	}
	for _, hook := range []string{"INPUT", "FORWARD", "OUTPUT"} {
		rules = append(rules, []string{hook, "-m", "comment", "--comment", "kube-router netpol - STANDIN", "-j", "KUBE-ROUTER-" + hook})
	}
	for _, rule := range rules {
		if quietly("iptables", append([]string{"-w", "-C"}, rule...)...) == nil {
			continue
		}
		position := "-A"
		if strings.HasPrefix(rule[len(rule)-1], "KUBE-ROUTER-") {
			position = "-I" // kube-router wants to be first
		}
		if err := quietly("iptables", append([]string{"-w", position}, rule...)...); err != nil {
			return err
		}
	}
	return nil
}

// quietly runs a program; its output is the error where it fails.
func quietly(name string, args ...string) error {
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, firstLine(output))
	}
	return nil
}
