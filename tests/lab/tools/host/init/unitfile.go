package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Folders of unit files, the first that has a unit wins (systemd.unit(5)).
var unitFolders = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system"}

// unit is what the files of one unit say.
type unit struct {
	name     string
	path     string
	dropIns  []string
	sections map[string]map[string][]string
}

// unitName adds the type that systemctl assumes.
func unitName(name string) string {
	if strings.Contains(filepath.Base(name), ".") {
		return name
	}
	return name + ".service"
}

func findUnit(name string) string {
	for _, folder := range unitFolders {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// loadUnit reads a unit and its drop-ins; a missing unit is an error that os.IsNotExist recognises.
func loadUnit(name string) (*unit, error) {
	path := findUnit(name)
	if path == "" {
		return nil, &os.PathError{Op: "load", Path: name, Err: os.ErrNotExist}
	}
	u := &unit{name: name, path: path, dropIns: dropInsOf(name), sections: map[string]map[string][]string{}}
	for _, file := range append([]string{path}, u.dropIns...) {
		if err := u.read(file); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// dropInsOf gives the *.conf files of all folders in the order of their names; of two with one name the first folder's.
func dropInsOf(name string) []string {
	byName := map[string]string{}
	for _, folder := range unitFolders {
		files, _ := filepath.Glob(filepath.Join(folder, name+".d", "*.conf"))
		for _, file := range files {
			if _, taken := byName[filepath.Base(file)]; !taken {
				byName[filepath.Base(file)] = file
			}
		}
	}
	names := make([]string, 0, len(byName))
	for base := range byName {
		names = append(names, base)
	}
	sort.Strings(names)
	paths := make([]string, 0, len(names))
	for _, base := range names {
		paths = append(paths, byName[base])
	}
	return paths
}

func (u *unit) read(path string) error {
	lines, err := logicalLines(path)
	if err != nil {
		return err
	}
	section := ""
	for _, line := range lines {
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = line[1 : len(line)-1]
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found {
			return fmt.Errorf("%s: %q is neither a section nor KEY=VALUE", path, line)
		}
		u.set(section, strings.TrimSpace(key), u.specifiers(strings.TrimSpace(value)))
	}
	return nil
}

// specifiers replaces the two of systemd.unit(5) that units of K3s use; "%%" stays for whoever splits the value.
func (u *unit) specifiers(value string) string {
	return strings.NewReplacer("%%", "%%", "%n", u.name, "%N", strings.TrimSuffix(u.name, filepath.Ext(u.name))).Replace(value)
}

// set adds a value; an empty one takes away what earlier lines and files gave (systemd.syntax(7)).
func (u *unit) set(section, key, value string) {
	values := u.sections[section]
	if values == nil {
		values = map[string][]string{}
		u.sections[section] = values
	}
	if value == "" {
		values[key] = nil
		return
	}
	values[key] = append(values[key], value)
}

// logicalLines joins lines that end with a backslash and leaves out comments and empty ones.
func logicalLines(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines []string
	pending := ""
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if strings.HasSuffix(line, "\\") {
			pending += strings.TrimSuffix(line, "\\") + " "
			continue
		}
		if line = strings.TrimSpace(pending + line); line != "" {
			lines = append(lines, line)
		}
		pending = ""
	}
	if pending = strings.TrimSpace(pending); pending != "" {
		lines = append(lines, pending)
	}
	return lines, scanner.Err()
}

func (u *unit) all(section, key string) []string { return u.sections[section][key] }

// last gives the value that counts of a key that is no list.
func (u *unit) last(section, key, fallback string) string {
	if values := u.all(section, key); len(values) > 0 {
		return values[len(values)-1]
	}
	return fallback
}

// names gives the words of a key such as After=, which may stand on several lines.
func (u *unit) names(section, key string) []string {
	return strings.Fields(strings.Join(u.all(section, key), " "))
}
