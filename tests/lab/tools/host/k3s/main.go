// Command k3s is the lab's stand-in for K3s. It has K3s' outside (commands, configuration files, folders, tokens, what
// restarts and what does not) and runs the separate Kubernetes programs that K3s links into one. It says in
// `k3s --version` and in its log that it is not K3s.
//
// Where it follows K3s in something that is easily taken for a fault of the lab, the comment names the source.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	if name := filepath.Base(os.Args[0]); name == "kubectl" || name == "ctr" {
		os.Args = append([]string{"k3s", name}, os.Args[1:]...)
	}
	if len(os.Args) < 2 {
		fmt.Println(usage)
		return
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		logLine("fatal", err.Error())
		os.Exit(1)
	}
}

const usage = `NAME:
   k3s - the lab's stand-in for Kubernetes, but small and simple

COMMANDS:
   server         Run management server
   agent          Run node agent
   kubectl        Run kubectl
   ctr            Run ctr
   etcd-snapshot  Manage etcd snapshots (save, ls, delete)`

func run(command string, args []string) error {
	switch command {
	case "--version", "-v":
		fmt.Println("k3s version " + version() + " (lab)\nThis is the lab's stand-in for K3s, not K3s.")
		return nil
	case "--help", "-h", "help":
		fmt.Println(usage)
		return nil
	case "server":
		return serve(args)
	case "agent":
		return join(args)
	case "kubectl":
		return runKubectl(args)
	case "ctr":
		env := []string{"CONTAINERD_ADDRESS=" + containerdSocket, "CONTAINERD_NAMESPACE=k8s.io"}
		return become("/usr/bin/ctr", append([]string{"ctr"}, args...), env)
	case "etcd-snapshot":
		return snapshotCommand(args)
	default:
		return fmt.Errorf("No help topic for '%s' (the lab's stand-in for K3s knows few commands)", command)
	}
}

// runKubectl takes the server's own kubeconfig where nobody names another.
func runKubectl(args []string) error {
	var env []string
	if _, err := os.Stat(adminKubeconfig); err == nil {
		env = append(env, "KUBECONFIG="+adminKubeconfig)
	}
	return become(component("kubectl"), append([]string{"kubectl"}, args...), env)
}

// become replaces this process; what the environment already says counts more than the defaults.
func become(path string, argv, defaults []string) error {
	return syscall.Exec(path, argv, append(defaults, os.Environ()...))
}
