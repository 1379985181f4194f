package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// signalSession signals a main process or, where all is set, everything in the session that the manager gave it.
func signalSession(pid int, signal syscall.Signal, all bool) {
	if !all {
		_ = syscall.Kill(pid, signal)
		return
	}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		stat, err := os.ReadFile(folder + "/stat")
		if err != nil {
			continue
		}
		// Behind the command's closing bracket: state, parent, process group, session (proc(5)).
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		member, _ := strconv.Atoi(filepath.Base(folder))
		if len(fields) > 3 && fields[3] == strconv.Itoa(pid) {
			_ = syscall.Kill(member, signal)
		}
	}
}

func (s *service) runToEnd(line string, env []string) error {
	command, err := parseCommand(line, env)
	if err != nil {
		return err
	}
	output, err := s.openLog()
	if err != nil {
		return err
	}
	defer output.Close()
	_, done, err := s.reaper.start(command.argv, env, "/", output)
	if err == nil {
		if status := <-done; !status.Exited() || status.ExitStatus() != 0 {
			err = fmt.Errorf("%s %s", command.argv[0], describe(status))
		}
	}
	if command.ignoreFailed {
		return nil
	}
	return err
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "was ended by " + status.Signal().String()
	}
	return fmt.Sprintf("ended with exit code %d", status.ExitStatus())
}

func (s *service) openLog() (*os.File, error) {
	if err := os.MkdirAll(logFolder, 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(logFolder, s.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}

func (s *service) log(text string) {
	if output, err := s.openLog(); err == nil {
		defer output.Close()
		fmt.Fprintf(output, "%s systemd[1]: %s\n", time.Now().UTC().Format("Jan 02 15:04:05"), text)
	}
}

// seconds reads a time span of a unit such as 5s, 1min or 0; a number without a unit means seconds.
func seconds(text string, fallback time.Duration) time.Duration {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "min", "m"), " ", "")
	if text == "infinity" {
		return 0
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(number * float64(time.Second))
	}
	if span, err := time.ParseDuration(text); err == nil {
		return span
	}
	return fallback
}
