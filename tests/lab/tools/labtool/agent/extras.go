package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// extrasFile names, on a node, the folder with the real programs that LAB_EXTRAS gave to the lab; without the file the
// stand-in does the work.
const extrasFile = "etc/seldon-k3s-lab/extras"

// felixKubeconfig is the real programs' access to the API: they run in the node's file system, where the pod's own
// account is not.
const felixKubeconfig = "run/calico/kubeconfig"

// extrasFolder gives the folder with the real programs, as the node sees it; empty where there is none.
func extrasFolder(root string) string {
	content, err := os.ReadFile(filepath.Join(root, extrasFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// realPlugins puts Calico's own CNI plugins on the node; they are one program under two names.
func realPlugins(root, folder string) error {
	for _, name := range ownPlugins {
		if err := copyFile(filepath.Join(root, folder, "calico"), filepath.Join(root, binFolder, name)); err != nil {
			return err
		}
	}
	return nil
}

// calico runs the real calico-node, step by step, as the start script of its image does.
type calico struct {
	config Config
	binary string
}

func (c calico) environment() []string {
	return []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"KUBECONFIG=/" + felixKubeconfig, "DATASTORE_TYPE=kubernetes", "WAIT_FOR_DATASTORE=true",
		"NODENAME=" + c.config.Node, "IP=" + c.config.Address + "/24", "IP6=none",
		"CALICO_NETWORKING_BACKEND=vxlan", "NO_DEFAULT_POOLS=true", "CLUSTER_TYPE=k8s,operator", "CALICO_K8S_NODE_REF=" + c.config.Node,
		"FELIX_DATASTORETYPE=kubernetes", "FELIX_FELIXHOSTNAME=" + c.config.Node,
		"FELIX_DEFAULTENDPOINTTOHOSTACTION=ACCEPT", "FELIX_IPV6SUPPORT=false", "FELIX_HEALTHENABLED=true", "FELIX_HEALTHPORT=9099",
		fmt.Sprintf("FELIX_VXLANMTU=%d", c.config.MTU), "FELIX_ENDPOINTSTATUSPATHPREFIX=/var/run/calico",
		// Nothing of eBPF: a Felix that was built without libbpf panics when it only looks for what eBPF left.
		"FELIX_XDPENABLED=false", "FELIX_BPFENABLED=false", "FELIX_DebugSkipCTLBCleanup=true",
		"FELIX_USAGEREPORTINGENABLED=false",
		"FELIX_LOGFILEPATH=none", "FELIX_LOGSEVERITYFILE=none", "FELIX_LOGSEVERITYSYS=none", "FELIX_LOGSEVERITYSCREEN=Warning",
		"CALICO_STARTUP_LOGLEVEL=WARNING",
	}
}

// run starts the program with these arguments and waits for its end; the context's end asks it to stop.
func (c calico) run(ctx context.Context, args ...string) error {
	command := exec.CommandContext(ctx, c.binary, args...)
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: c.config.Root}
	command.Dir, command.Env = "/", c.environment()
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 4 * time.Second
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		return err
	}
	relay(out)
	return command.Wait()
}

func relay(from io.Reader) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		log.Print(lines.Text())
	}
}

// runReal takes the agent's place where the real programs are at hand. It returns when the context ends.
func runReal(ctx context.Context, client *kube.Client, config Config, folder string) int {
	log.SetPrefix("calico-node (the real one, from LAB_EXTRAS): ")
	c := calico{config, filepath.Join(folder, "calico-node")}
	log.Printf("running %s", c.binary)
	if err := prepareReal(ctx, client, config); err != nil {
		log.Print(err)
		return 1
	}
	for _, step := range [][]string{{"-startup"}, {"-allocate-tunnel-addrs", "-allocate-tunnel-addrs-run-once"}} {
		if err := c.run(ctx, step...); err != nil {
			log.Printf("calico-node %s: %v", step[0], err)
			return 1
		}
	}
	go c.keep(ctx, "-allocate-tunnel-addrs")
	go func() {
		waitReady(ctx)
		if err := c.run(ctx, "-complete-startup"); err != nil {
			log.Printf("calico-node -complete-startup: %v", err)
		}
	}()
	// Felix ends by itself when its configuration changes, and expects to be started again.
	c.keep(ctx, "-felix")
	if err := c.run(context.Background(), "-shutdown"); err != nil {
		log.Printf("calico-node -shutdown: %v", err)
	}
	return 0
}

func (c calico) keep(ctx context.Context, arg string) {
	for ctx.Err() == nil {
		err := c.run(ctx, arg)
		var exit *exec.ExitError
		if ctx.Err() == nil && errors.As(err, &exit) {
			log.Printf("calico-node %s ended with status %d; starting it again", arg, exit.ExitCode())
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// prepareReal writes what the real programs and plugins read.
func prepareReal(ctx context.Context, client *kube.Client, config Config) error {
	if err := writeKubeconfig(ctx, client, "calico-node", filepath.Join(config.Root, felixKubeconfig)); err != nil {
		return err
	}
	return writeCNI(ctx, client, config)
}

func waitReady(ctx context.Context) {
	for ctx.Err() == nil {
		if response, err := http.Get("http://" + healthAddress + "/readiness"); err == nil {
			response.Body.Close()
			if response.StatusCode < 300 {
				return
			}
		}
		time.Sleep(500 * time.Millisecond)
	}
}
