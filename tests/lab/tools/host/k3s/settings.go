package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// settings are the effective flags of one start, by name.
type settings struct {
	server bool
	values map[string][]string
}

// readSettings merges, each over the one before: environment, config.yaml, its drop-ins in the order of their names,
// command line (docs.k3s.io/installation/configuration).
func readSettings(server bool, args []string) (*settings, error) {
	line, err := parseLine(server, args)
	if err != nil {
		return nil, err
	}
	file := configFile
	if named := line["config"]; len(named) > 0 {
		file = named[0]
	}
	merged, err := readFiles(server, file)
	if err != nil {
		return nil, err
	}
	for name, values := range line {
		merged[name] = values
	}
	for variable, name := range variables {
		if value := os.Getenv(variable); value != "" && merged[name] == nil && knows(name, server) {
			merged[name] = []string{value}
		}
	}
	return &settings{server, merged}, nil
}

func parseLine(server bool, args []string) (map[string][]string, error) {
	result := map[string][]string{}
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			return nil, fmt.Errorf("unexpected argument %q", args[i])
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if long, short := aliases[name]; short {
			name = long
		}
		if !knows(name, server) {
			return nil, notDefined(name)
		}
		if !hasValue {
			if flags[name].kind == toggle {
				value = "true"
			} else if i++; i < len(args) {
				value = args[i]
			} else {
				return nil, fmt.Errorf("Incorrect Usage: flag needs an argument: -%s", name)
			}
		}
		add(result, name, value)
	}
	return result, nil
}

func add(values map[string][]string, name, value string) {
	if flags[name].kind == list {
		values[name] = append(values[name], value)
	} else {
		values[name] = []string{value}
	}
}

func notDefined(name string) error {
	return fmt.Errorf("Incorrect Usage: flag provided but not defined: -%s", name)
}

func readFiles(server bool, file string) (map[string][]string, error) {
	dropIns, _ := filepath.Glob(file + ".d/*.yaml")
	sort.Strings(dropIns)
	merged := map[string][]string{}
	for _, path := range append([]string{file}, dropIns...) {
		one, err := readFile(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for key, values := range one {
			name, appends := strings.CutSuffix(key, "+")
			if !knows(name, server) {
				// K3s servers leave a key aside that they do not know (k3s-io/k3s #4464); agents end (#6565).
				if server {
					warn("Unknown flag --%s found in config.yaml, skipping", name)
					continue
				}
				return nil, notDefined(name)
			}
			if appends {
				values = append(merged[name], values...)
			}
			merged[name] = values
		}
	}
	return merged, nil
}

func readFile(path string) (map[string][]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	result := map[string][]string{}
	for key, value := range document {
		switch typed := value.(type) {
		case []any:
			for _, entry := range typed {
				result[key] = append(result[key], fmt.Sprint(entry))
			}
		case nil:
			result[key] = []string{""}
		default:
			result[key] = []string{fmt.Sprint(typed)}
		}
	}
	return result, nil
}

func (s *settings) list(name string) []string { return s.values[name] }

func (s *settings) text(name, fallback string) string {
	if values := s.values[name]; len(values) > 0 && values[len(values)-1] != "" {
		return values[len(values)-1]
	}
	return fallback
}

func (s *settings) on(name string) bool {
	value := strings.ToLower(s.text(name, "false"))
	return value == "true" || value == "1" || value == "t"
}

// secret gives the token, from the setting or from the file that another setting names.
func (s *settings) secret(name string) (string, error) {
	if value := s.text(name, ""); value != "" {
		return value, nil
	}
	path := s.text(name+"-file", "")
	if path == "" {
		return "", nil
	}
	content, err := os.ReadFile(path)
	return strings.TrimSpace(string(content)), err
}

// disabled says whether a packaged component was switched off.
func (s *settings) disabled(name string) bool {
	for _, entry := range s.list("disable") {
		for _, one := range strings.Split(entry, ",") {
			if strings.TrimSpace(one) == name {
				return true
			}
		}
	}
	return false
}
