package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"sync"
)

// manager knows all units of the host.
type manager struct {
	reaper   *reaper
	mutex    sync.Mutex
	services map[string]*service
}

func newManager() *manager {
	return &manager{reaper: newReaper(), services: map[string]*service{}}
}

func (m *manager) service(name string) *service {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.services[name] == nil {
		m.services[name] = &service{name: name, reaper: m.reaper, condition: condition{state: inactive}}
	}
	return m.services[name]
}

// load gives a unit as systemd sees it: one that is loaded stays as it was read until daemon-reload, whatever has become
// of its files; one that is not is read now.
func (m *manager) load(name string) (*unit, error) {
	if state := m.service(name).now(); state.unit != nil && state.state != inactive {
		return state.unit, nil
	}
	return loadUnit(name)
}

// staleWarning is what systemctl says when a loaded unit is not what its files say any more.
func (m *manager) staleWarning(name string) string {
	state := m.service(name).now()
	fresh, err := loadUnit(name)
	if err != nil || state.unit == nil || state.state == inactive || reflect.DeepEqual(state.unit, fresh) {
		return ""
	}
	return fmt.Sprintf("Warning: The unit file, source configuration file or drop-ins of %s changed on disk. "+
		"Run 'systemctl daemon-reload' to reload units.\n", name)
}

// reload reads the files of all units again; what runs goes on with its old command.
func (m *manager) reload() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for name, s := range m.services {
		if fresh, err := loadUnit(name); err == nil {
			s.set(func() { s.unit = fresh })
		}
	}
}

// startEnabled starts every unit that some target wants, each as soon as the units before it are through their start.
func (m *manager) startEnabled() {
	units := map[string]*unit{}
	links, _ := filepath.Glob("/etc/systemd/system/*.target.wants/*")
	for _, link := range links {
		if u, err := loadUnit(filepath.Base(link)); err == nil {
			units[u.name] = u
		}
	}
	through := map[string]chan struct{}{}
	for name := range units {
		through[name] = make(chan struct{})
	}
	for name, u := range units {
		go func() {
			defer close(through[name])
			for _, earlier := range before(u, units) {
				<-through[earlier]
			}
			if err := m.service(name).start(u); err != nil {
				fmt.Fprintf(os.Stderr, "init: %s: %v\n", name, err)
			}
		}()
	}
}

// before names the units of the same boot that must be through first. Two units that wait for each other start at once.
func before(u *unit, units map[string]*unit) []string {
	earlier := map[string]bool{}
	for _, name := range u.names("Unit", "After") {
		earlier[name] = units[name] != nil
	}
	for name, other := range units {
		for _, later := range other.names("Unit", "Before") {
			if later == u.name {
				earlier[name] = true
			}
		}
	}
	var names []string
	for name, counts := range earlier {
		if counts && name != u.name && !contains(units[name].names("Unit", "After"), u.name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// fileState gives what `systemctl is-enabled` prints; empty for a unit that does not exist.
func fileState(name string) string {
	u, err := loadUnit(name)
	if err != nil {
		return ""
	}
	if links, _ := filepath.Glob("/etc/systemd/system/*.target.wants/" + name); len(links) > 0 {
		return "enabled"
	}
	if len(u.names("Install", "WantedBy"))+len(u.names("Install", "RequiredBy")) == 0 {
		return "static"
	}
	return "disabled"
}

func enable(u *unit) (string, error) {
	var told strings.Builder
	for _, target := range append(u.names("Install", "WantedBy"), u.names("Install", "RequiredBy")...) {
		link := filepath.Join("/etc/systemd/system", target+".wants", u.name)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return "", err
		}
		if now, err := os.Readlink(link); err == nil && now == u.path {
			continue
		}
		_ = os.Remove(link)
		if err := os.Symlink(u.path, link); err != nil {
			return "", err
		}
		fmt.Fprintf(&told, "Created symlink %s -> %s.\n", link, u.path)
	}
	return told.String(), nil
}

func disable(name string) (string, error) {
	var told strings.Builder
	links, _ := filepath.Glob("/etc/systemd/system/*.target.wants/" + name)
	for _, link := range links {
		if err := os.Remove(link); err != nil {
			return "", err
		}
		fmt.Fprintf(&told, "Removed \"%s\".\n", link)
	}
	return told.String(), nil
}

func contains(values []string, wanted string) bool {
	for _, value := range values {
		if value == wanted {
			return true
		}
	}
	return false
}
