package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// childLogs is beside the unit's own log, one file a program: K3s writes all of them into its journal.
const childLogs = "/var/log/lab"

// children are the programs behind one k3s process. K3s links most of them in, so here they end with it, whatever its end
// is, and it ends when one of them does.
type children struct {
	mutex    sync.Mutex
	running  []*child
	stopping bool
	// died carries the first unexpected end.
	died chan error
}

type child struct {
	name    string
	process *os.Process
	ended   chan struct{}
	// stop is the first signal to end it with.
	stop syscall.Signal
}

func newChildren() *children { return &children{died: make(chan error, 16)} }

// start runs a program until the end of this one.
func (c *children) start(name, path string, args ...string) error {
	return c.startWith(name, path, args, nil, syscall.SIGTERM)
}

func (c *children) startWith(name, path string, args, env []string, stop syscall.Signal) error {
	if err := os.MkdirAll(childLogs, 0o755); err != nil {
		return err
	}
	output, err := os.OpenFile(filepath.Join(childLogs, "k3s-"+name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer output.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	one := &child{name: name, ended: make(chan struct{}), stop: stop}
	started := make(chan error, 1)
	go func() {
		// The kernel sends the death signal when the thread that started the child ends: this one must stay.
		runtime.LockOSThread()
		one.process, err = os.StartProcess(path, append([]string{path}, args...), &os.ProcAttr{
			Dir:   serverOrRoot(),
			Env:   append(os.Environ(), env...),
			Files: []*os.File{null, output, output},
			Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
		})
		started <- err
		if err != nil {
			return
		}
		state, waitErr := one.process.Wait()
		close(one.ended)
		c.mutex.Lock()
		expected := c.stopping
		c.mutex.Unlock()
		if !expected {
			c.died <- fmt.Errorf("%s exited: %v %v; see %s", name, state, waitErr, output.Name())
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.running = append(c.running, one)
	info("Running %s", name)
	return nil
}

// serverOrRoot: kine keeps its database below the folder that it is started in.
func serverOrRoot() string {
	if _, err := os.Stat(serverFolder); err == nil {
		return serverFolder
	}
	return "/"
}

// grace is short because K3s does not wait for its parts at all.
const grace = 3 * time.Second

// stop ends what needs the datastore first, all at once, then the datastore and containerd.
func (c *children) stop() {
	c.mutex.Lock()
	c.stopping = true
	running := c.running
	c.mutex.Unlock()
	var first, last []*child
	for _, one := range running {
		if one.name == "etcd" || one.name == "kine" || one.name == "containerd" {
			last = append(last, one)
		} else {
			first = append(first, one)
		}
	}
	endAll(first)
	endAll(last)
}

func endAll(all []*child) {
	for _, one := range all {
		_ = one.process.Signal(one.stop)
	}
	deadline := time.After(grace)
	for _, one := range all {
		select {
		case <-one.ended:
		case <-deadline:
			_ = one.process.Kill()
			<-one.ended
			deadline = time.After(0)
		}
	}
}
