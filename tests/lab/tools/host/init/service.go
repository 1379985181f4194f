package main

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"
)

// logFolder holds one log a unit, which journalctl shows.
const logFolder = "/var/log/lab"

const (
	inactive     = "inactive"
	activating   = "activating"
	active       = "active"
	deactivating = "deactivating"
	failed       = "failed"
)

// service is one unit that was started at least once since the host came up.
type service struct {
	name   string
	reaper *reaper
	// jobs: one start or stop at a time.
	jobs sync.Mutex

	mutex sync.Mutex
	condition
	// ended is closed when the main process has ended.
	ended chan struct{}
	// generation tells a restart that waits whether somebody has started or stopped the unit meanwhile.
	generation int
}

// condition is what can be told about a service.
type condition struct {
	unit  *unit
	state string
	// waiting: its main process has ended and Restart= will start it again.
	waiting  bool
	mainPID  int
	status   string
	restarts int
	entered  time.Time
	// started: when the main process was started.
	started time.Time
}

func (s *service) set(change func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	change()
}

func (s *service) setState(state string) {
	s.set(func() {
		if s.state != state && state == active {
			s.entered = time.Now()
		}
		s.state, s.waiting = state, false
	})
}

func (s *service) now() condition {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.condition
}

func (s *service) turn() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.generation
}

// start runs the unit's commands and waits until it counts as started.
func (s *service) start(u *unit) error {
	s.jobs.Lock()
	defer s.jobs.Unlock()
	if now := s.now(); now.state == active {
		return nil
	}
	s.set(func() { s.unit, s.generation, s.restarts = u, s.generation+1, 0 })
	return s.launch(u)
}

func (s *service) launch(u *unit) error {
	s.setState(activating)
	err := s.run(u)
	if err == nil {
		return nil
	}
	s.log(fmt.Sprintf("%s: %v", u.name, err))
	// A process that is there and did not become ready is ended; one that is gone only has its state set.
	s.endMain(u)
	s.setState(failed)
	s.restartLater(u, false)
	return err
}

func (s *service) run(u *unit) error {
	env, err := u.environment()
	if err != nil {
		return err
	}
	for _, line := range u.all("Service", "ExecStartPre") {
		if err := s.runToEnd(line, env); err != nil {
			return err
		}
	}
	lines := u.all("Service", "ExecStart")
	kind := u.last("Service", "Type", "simple")
	if kind == "oneshot" {
		for _, line := range lines {
			if err := s.runToEnd(line, env); err != nil {
				return err
			}
		}
		if u.last("Service", "RemainAfterExit", "no") == "yes" {
			s.setState(active)
		} else {
			s.setState(inactive)
		}
		return nil
	}
	if len(lines) != 1 {
		return fmt.Errorf("service has %d ExecStart= settings, which is only allowed for Type=oneshot services. Refusing", len(lines))
	}
	return s.runMain(u, lines[0], kind, env)
}

// runMain starts the main process; with Type=notify it waits for READY=1.
func (s *service) runMain(u *unit, line, kind string, env []string) error {
	command, err := parseCommand(line, env)
	if err != nil {
		return err
	}
	ready := make(chan string, 16)
	if kind == "notify" {
		path, stop, err := listenNotify(u.name, ready)
		if err != nil {
			return err
		}
		env = append(env, "NOTIFY_SOCKET="+path)
		defer func() { go drain(ready, stop, s) }()
	}
	output, err := s.openLog()
	if err != nil {
		return err
	}
	defer output.Close()
	pid, done, err := s.reaper.start(command.argv, env, "/", output)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	s.set(func() { s.mainPID, s.started, s.ended = pid, time.Now(), ended })
	go s.watch(u, done, ended)
	if kind == "notify" {
		if err := waitReady(ready, ended, u); err != nil {
			return err
		}
	}
	s.setState(active)
	return nil
}

func waitReady(ready <-chan string, ended <-chan struct{}, u *unit) error {
	var timeout <-chan time.Time
	if limit := seconds(u.last("Service", "TimeoutStartSec", "90"), 90*time.Second); limit > 0 {
		timeout = time.After(limit)
	}
	for {
		select {
		case message := <-ready:
			if strings.Contains(message, "READY=1") {
				return nil
			}
		case <-ended:
			return fmt.Errorf("the control process exited before it was ready")
		case <-timeout:
			return fmt.Errorf("start operation timed out")
		}
	}
}

// watch notes the end of the main process and, where the unit wants it, starts it again.
func (s *service) watch(u *unit, done <-chan syscall.WaitStatus, ended chan struct{}) {
	status := <-done
	now := s.now()
	clean := status.Exited() && status.ExitStatus() == 0
	s.set(func() {
		s.mainPID, s.status = 0, describe(status)
		if s.state == active {
			s.state = failed
			if clean {
				s.state = inactive
			}
		}
	})
	close(ended)
	s.log(fmt.Sprintf("%s: main process %s", u.name, describe(status)))
	if now.state == active {
		s.restartLater(u, clean)
	}
}

// restartLater obeys Restart= and RestartSec=, unless somebody else has started or stopped the unit by then.
func (s *service) restartLater(u *unit, clean bool) {
	policy := u.last("Service", "Restart", "no")
	if policy != "always" && !(policy == "on-failure" && !clean) {
		return
	}
	generation := s.turn()
	s.set(func() { s.state, s.waiting = activating, true })
	time.AfterFunc(seconds(u.last("Service", "RestartSec", "0.1"), 100*time.Millisecond), func() {
		s.jobs.Lock()
		defer s.jobs.Unlock()
		if s.turn() != generation || s.now().state == active {
			return
		}
		s.set(func() { s.restarts++ })
		_ = s.launch(s.now().unit)
	})
}

// stop runs ExecStop and ends the main process in the way KillMode= says.
func (s *service) stop() error {
	s.set(func() { s.generation++ })
	// A start that waits for readiness holds the job lock: it ends when its process does.
	if now := s.now(); now.state == activating && now.unit != nil {
		s.endMain(now.unit)
	}
	s.jobs.Lock()
	defer s.jobs.Unlock()
	s.set(func() { s.generation++ })
	now := s.now()
	if now.unit == nil || (now.state != active && now.mainPID == 0) {
		s.setState(inactive)
		return nil
	}
	s.setState(deactivating)
	env, err := now.unit.environment()
	for _, line := range now.unit.all("Service", "ExecStop") {
		if err == nil {
			err = s.runToEnd(line, env)
		}
	}
	s.endMain(now.unit)
	s.setState(inactive)
	return err
}

// endMain sends SIGTERM, and SIGKILL after TimeoutStopSec=. KillMode=process spares what the main process has started.
func (s *service) endMain(u *unit) {
	s.mutex.Lock()
	pid, ended := s.mainPID, s.ended
	s.mutex.Unlock()
	if pid == 0 {
		return
	}
	all := u.last("Service", "KillMode", "control-group") != "process"
	signalSession(pid, syscall.SIGTERM, all)
	select {
	case <-ended:
	case <-time.After(seconds(u.last("Service", "TimeoutStopSec", "90"), 90*time.Second)):
		signalSession(pid, syscall.SIGKILL, all)
		<-ended
	}
	if all {
		signalSession(pid, syscall.SIGKILL, true)
	}
}
