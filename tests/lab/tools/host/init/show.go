package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// stamp is systemd's form of a moment; empty for one that never was.
func stamp(moment time.Time) string {
	if moment.IsZero() {
		return ""
	}
	return moment.UTC().Format("Mon 2006-01-02 15:04:05 MST")
}

// properties gives what `systemctl show` knows about a unit, in the order in which it is printed.
func properties(name string, u *unit, s condition, needsReload bool) [][2]string {
	stale := map[bool]string{true: "yes", false: "no"}[needsReload]
	load := "loaded"
	if u == nil {
		load = "not-found"
		u = &unit{name: name, sections: map[string]map[string][]string{}}
	}
	sub := map[string]string{inactive: "dead", activating: "start", active: "running", deactivating: "stop-sigterm", failed: "failed"}[s.state]
	switch {
	case s.state == active && s.mainPID == 0:
		sub = "exited"
	case s.waiting:
		sub = "auto-restart"
	}
	entries := [][2]string{
		{"Id", name},
		{"Type", u.last("Service", "Type", "simple")},
		{"Restart", u.last("Service", "Restart", "no")},
		{"KillMode", u.last("Service", "KillMode", "control-group")},
		{"LoadState", load},
		{"ActiveState", s.state},
		{"SubState", sub},
		{"UnitFileState", fileState(name)},
		{"NeedDaemonReload", stale},
		{"FragmentPath", u.path},
		{"DropInPaths", strings.Join(u.dropIns, " ")},
		{"MainPID", strconv.Itoa(s.mainPID)},
		{"NRestarts", strconv.Itoa(s.restarts)},
		{"ExecMainStartTimestamp", stamp(s.started)},
		{"ActiveEnterTimestamp", stamp(s.entered)},
		{"Environment", strings.Join(u.all("Service", "Environment"), " ")},
		{"EnvironmentFiles", environmentFiles(u)},
	}
	for _, key := range []string{"ExecStartPre", "ExecStart", "ExecStop"} {
		for _, line := range u.all("Service", key) {
			entries = append(entries, [2]string{key, execProperty(line, s)})
		}
	}
	return entries
}

func environmentFiles(u *unit) string {
	var files []string
	for _, path := range u.all("Service", "EnvironmentFile") {
		optional := map[bool]string{true: "yes", false: "no"}[strings.HasPrefix(path, "-")]
		files = append(files, fmt.Sprintf("%s (ignore_errors=%s)", strings.TrimPrefix(path, "-"), optional))
	}
	return strings.Join(files, " ")
}

// execProperty writes a command in systemd's form. Like systemd it keeps $NAME words and loses the quotes.
func execProperty(line string, s condition) string {
	bare := strings.TrimLeft(line, "-@:+!")
	words, err := splitWords(bare)
	if err != nil || len(words) == 0 {
		return line
	}
	started := "[n/a]"
	if !s.started.IsZero() {
		started = "[" + stamp(s.started) + "]"
	}
	ignore := map[bool]string{true: "yes", false: "no"}[strings.HasPrefix(line, "-")]
	return fmt.Sprintf("{ path=%s ; argv[]=%s ; ignore_errors=%s ; start_time=%s ; stop_time=[n/a] ; pid=%d ; code=(null) ; status=0/0 }",
		words[0], strings.Join(words, " "), ignore, started, s.mainPID)
}

func (m *manager) show(name string, r request) answer {
	state := m.service(name).now()
	u, _ := m.load(name)
	var out strings.Builder
	for _, entry := range properties(name, u, state, m.staleWarning(name) != "") {
		if len(r.properties) > 0 && !contains(r.properties, entry[0]) {
			continue
		}
		if r.value {
			fmt.Fprintln(&out, entry[1])
		} else {
			fmt.Fprintf(&out, "%s=%s\n", entry[0], entry[1])
		}
	}
	return answer{Out: out.String()}
}

func (m *manager) cat(name string, _ request) answer {
	u, err := loadUnit(name)
	if err != nil {
		return answer{Err: fmt.Sprintf("No files found for %s.\n", name), Code: 1}
	}
	var out strings.Builder
	for i, path := range append([]string{u.path}, u.dropIns...) {
		content, err := os.ReadFile(path)
		if err != nil {
			return failure(err)
		}
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "# %s\n%s", path, content)
	}
	return answer{Out: out.String()}
}

func (m *manager) status(name string, _ request) answer {
	s := m.service(name).now()
	u, _ := m.load(name)
	if u == nil {
		return answer{Err: fmt.Sprintf("Unit %s could not be found.\n", name), Code: 4}
	}
	out := fmt.Sprintf("%s - %s (the lab's init)\n     Loaded: loaded (%s; %s)\n     Active: %s since %s\n   Main PID: %d\n   Last end: %s\n   Restarts: %d\n",
		name, u.last("Unit", "Description", name), u.path, fileState(name), s.state, stamp(s.entered), s.mainPID, s.status, s.restarts)
	if s.state == active {
		return answer{Out: out}
	}
	return answer{Out: out, Code: 3}
}
