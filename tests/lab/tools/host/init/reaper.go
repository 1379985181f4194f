package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper collects every process that ends: those the manager started and the orphans that a first process inherits.
// os/exec cannot be used beside it, because both would wait for the same processes.
type reaper struct {
	mutex   sync.Mutex
	waiting map[int]chan syscall.WaitStatus
	signals chan os.Signal
}

func newReaper() *reaper {
	r := &reaper{waiting: map[int]chan syscall.WaitStatus{}, signals: make(chan os.Signal, 1)}
	signal.Notify(r.signals, syscall.SIGCHLD)
	return r
}

// run never returns.
func (r *reaper) run() {
	for range r.signals {
		for r.collect() {
		}
	}
}

func (r *reaper) collect() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if err != nil || pid <= 0 {
		return false
	}
	if done, ok := r.waiting[pid]; ok {
		delete(r.waiting, pid)
		done <- status
	}
	return true
}

// start runs a program in a session of its own and says, on the channel, how it ended.
func (r *reaper) start(argv, env []string, dir string, output *os.File) (int, <-chan syscall.WaitStatus, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	// Held until the process is known, so that its end cannot be collected before.
	r.mutex.Lock()
	defer r.mutex.Unlock()
	process, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Dir:   dir,
		Env:   env,
		Files: []*os.File{null, output, output},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, nil, err
	}
	done := make(chan syscall.WaitStatus, 1)
	r.waiting[process.Pid] = done
	return process.Pid, done, nil
}
