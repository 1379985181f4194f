package agent

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// Host runs the node's own programs: the pod's image has no iptables, and the node's is the one whose rules count.
type Host struct {
	// Root is where the node's file system is mounted in this pod.
	Root string
}

// Run starts a program of the node, with this standard input, and gives its output.
func (h Host) Run(stdin string, name string, args ...string) (string, error) {
	command := exec.Command("/usr/bin/env", append([]string{name}, args...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: h.Root}
	command.Dir = "/"
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	command.Stdin = strings.NewReader(stdin)
	var out, errors bytes.Buffer
	command.Stdout, command.Stderr = &out, &errors
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(errors.String()))
	}
	return out.String(), nil
}

// Program brings the kernel's packet filter to these rules.
func (h Host) Program(rules Rules) error {
	if _, err := h.Run(rules.SetsInput(), "ipset", "-exist", "restore"); err != nil {
		return err
	}
	for _, table := range sortedKeys(rules.Chains) {
		saved, err := h.Run("", "iptables-save", "-t", table)
		if err != nil {
			return err
		}
		if _, err := h.Run(rules.RestoreInput(table, ownChains(saved)), "iptables-restore", "-w", "10", "--noflush"); err != nil {
			return err
		}
	}
	for _, jump := range rules.Jumps {
		if err := h.jump(jump); err != nil {
			return err
		}
	}
	return h.dropStaleSets(rules)
}

// Intact tells whether the kernel still has all chains and jumps: whoever restores a saved state takes them away.
func (h Host) Intact(rules Rules) bool {
	for table, chains := range rules.Chains {
		saved, err := h.Run("", "iptables-save", "-t", table)
		if err != nil {
			return false
		}
		for chain, content := range chains {
			if !strings.Contains(saved, ":"+chain+" ") || strings.Count(saved, "\n-A "+chain+" ") != len(content) {
				return false
			}
		}
		for _, jump := range rules.Jumps {
			if jump.Table == table && !strings.Contains(saved, digest(jump.Chain + " " + jump.Rule)[:16]) {
				return false
			}
		}
	}
	return true
}

func (h Host) jump(jump Jump) error {
	rule := append(commentArgs(jump), strings.Fields(jump.Rule)...)
	with := func(verb string) []string {
		return append([]string{"-w", "10", "-t", jump.Table, verb, jump.Chain}, rule...)
	}
	if _, err := h.Run("", "iptables", with("-C")...); err == nil {
		return nil
	}
	verb := "-I"
	if jump.Last {
		verb = "-A"
	}
	_, err := h.Run("", "iptables", with(verb)...)
	return err
}

func commentArgs(jump Jump) []string {
	return []string{"-m", "comment", "--comment", "cali:" + digest(jump.Chain + " " + jump.Rule)[:16]}
}

func ownChains(saved string) []string {
	var chains []string
	for _, line := range strings.Split(saved, "\n") {
		if strings.HasPrefix(line, ":cali-") {
			chains = append(chains, strings.Fields(line[1:])[0])
		}
	}
	return chains
}

func (h Host) dropStaleSets(rules Rules) error {
	listed, err := h.Run("", "ipset", "list", "-n")
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(listed) {
		if _, wanted := rules.Sets[name]; !wanted && strings.HasPrefix(name, "cali4") {
			if _, err := h.Run("", "ipset", "destroy", name); err != nil {
				return err
			}
		}
	}
	return nil
}
