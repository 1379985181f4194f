package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

const socket = runFolder + "/manager"

type answer struct {
	Out  string `json:"out"`
	Err  string `json:"err"`
	Code int    `json:"code"`
}

// askManager is the whole of the systemctl program: the manager does the work and says what to print.
func askManager(args []string) int {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		fmt.Fprintln(os.Stderr, "System has not been booted with the lab's init as init system (PID 1). Can't operate.")
		return 1
	}
	defer connection.Close()
	var result answer
	if err := json.NewEncoder(connection).Encode(args); err == nil {
		err = json.NewDecoder(connection).Decode(&result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Failed to talk to init:", err)
		return 1
	}
	fmt.Fprint(os.Stdout, result.Out)
	fmt.Fprint(os.Stderr, result.Err)
	return result.Code
}

func (m *manager) listen() error {
	if err := os.MkdirAll(runFolder, 0o755); err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go m.serve(connection)
		}
	}()
	return os.Chmod(socket, 0o600)
}

func (m *manager) serve(connection net.Conn) {
	defer connection.Close()
	var args []string
	if json.NewDecoder(connection).Decode(&args) != nil {
		return
	}
	_ = json.NewEncoder(connection).Encode(m.execute(parseRequest(args)))
}

// request is a systemctl command line.
type request struct {
	verb       string
	units      []string
	properties []string
	value      bool
	quiet      bool
	now        bool
	noBlock    bool
	unknown    string
}

func parseRequest(args []string) request {
	r := request{}
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		switch {
		case name == "-p" || name == "--property":
			if !hasValue && i+1 < len(args) {
				i++
				value = args[i]
			}
			r.properties = append(r.properties, strings.Split(value, ",")...)
		case name == "--value":
			r.value = true
		case name == "-q" || name == "--quiet":
			r.quiet = true
		case name == "--now":
			r.now = true
		case name == "--no-block":
			r.noBlock = true
		case contains([]string{"--no-pager", "--system", "--full", "-l", "--force", "-f", "--all", "-a", "--plain", "--no-legend"}, name):
		case strings.HasPrefix(args[i], "-"):
			r.unknown = args[i]
		case r.verb == "":
			r.verb = args[i]
		default:
			r.units = append(r.units, unitName(filepath.Base(args[i])))
		}
	}
	return r
}

func (m *manager) execute(r request) answer {
	if r.unknown != "" {
		return answer{Err: fmt.Sprintf("systemctl: unrecognized option '%s' (the lab's systemctl knows few)\n", r.unknown), Code: 1}
	}
	if r.verb == "daemon-reload" {
		m.reload()
		return answer{}
	}
	verb, known := verbs[r.verb]
	if !known {
		return answer{Err: fmt.Sprintf("Unknown command verb %s (the lab's systemctl knows few).\n", r.verb), Code: 1}
	}
	if len(r.units) == 0 && r.verb != "show" {
		return answer{Err: "Too few arguments.\n", Code: 1}
	}
	total := answer{}
	for _, name := range r.units {
		one := verb(m, name, r)
		total.Out += one.Out
		total.Err += one.Err
		if one.Code != 0 {
			total.Code = one.Code
		}
	}
	if r.quiet {
		total.Out = ""
	}
	return total
}

var verbs = map[string]func(m *manager, name string, r request) answer{
	"start":       (*manager).start,
	"stop":        (*manager).stopUnit,
	"restart":     (*manager).restart,
	"try-restart": (*manager).tryRestart,
	"enable": func(m *manager, name string, r request) answer {
		u, err := loadUnit(name)
		if err != nil {
			return answer{Err: fmt.Sprintf("Failed to enable unit: Unit file %s does not exist.\n", name), Code: 1}
		}
		told, err := enable(u)
		if err != nil {
			return failure(err)
		}
		m.reload() // as systemctl does after enable and disable
		if r.now {
			result := m.start(name, r)
			result.Err = told + result.Err
			return result
		}
		return answer{Err: told}
	},
	"disable": func(m *manager, name string, r request) answer {
		told, err := disable(name)
		if err != nil {
			return failure(err)
		}
		m.reload()
		if r.now {
			return m.stopUnit(name, r)
		}
		return answer{Err: told}
	},
	"is-active": func(m *manager, name string, _ request) answer {
		state := m.service(name).now().state
		if state == active {
			return answer{Out: state + "\n"}
		}
		return answer{Out: state + "\n", Code: 3}
	},
	"is-failed": func(m *manager, name string, _ request) answer {
		state := m.service(name).now().state
		if state == failed {
			return answer{Out: state + "\n"}
		}
		return answer{Out: state + "\n", Code: 1}
	},
	"is-enabled": func(_ *manager, name string, _ request) answer {
		switch state := fileState(name); state {
		case "":
			return answer{Err: fmt.Sprintf("Failed to get unit file state for %s: No such file or directory\n", name), Code: 1}
		case "disabled":
			return answer{Out: state + "\n", Code: 1}
		default:
			return answer{Out: state + "\n"}
		}
	},
	"reset-failed": func(m *manager, name string, _ request) answer {
		if s := m.service(name); s.now().state == failed {
			s.setState(inactive)
		}
		return answer{}
	},
	"show":   (*manager).show,
	"cat":    (*manager).cat,
	"status": (*manager).status,
}

func failure(err error) answer { return answer{Err: err.Error() + "\n", Code: 1} }

func (m *manager) start(name string, r request) answer {
	u, err := m.load(name)
	if err != nil {
		return answer{Err: fmt.Sprintf("Failed to start %s: Unit %s not found.\n", name, name), Code: 5}
	}
	return m.launch(name, u, r)
}

func (m *manager) launch(name string, u *unit, r request) answer {
	told := m.staleWarning(name)
	if r.noBlock {
		go func() { _ = m.service(name).start(u) }()
		return answer{Err: told}
	}
	if err := m.service(name).start(u); err != nil {
		return answer{Err: fmt.Sprintf("%sJob for %s failed because %v.\nSee \"systemctl status %s\" and \"journalctl -xeu %s\" for details.\n",
			told, name, err, name, name), Code: 1}
	}
	return answer{Err: told}
}

func (m *manager) stopUnit(name string, r request) answer {
	s := m.service(name)
	if _, err := loadUnit(name); err != nil && s.now().state != active {
		return answer{Err: fmt.Sprintf("Failed to stop %s: Unit %s not loaded.\n", name, name), Code: 5}
	}
	if r.noBlock {
		go func() { _ = s.stop() }()
		return answer{}
	}
	if err := s.stop(); err != nil {
		return failure(err)
	}
	return answer{}
}

func (m *manager) restart(name string, r request) answer {
	u, err := m.load(name)
	if err != nil {
		return answer{Err: fmt.Sprintf("Failed to restart %s: Unit %s not found.\n", name, name), Code: 5}
	}
	told := m.staleWarning(name)
	work := func() answer {
		_ = m.service(name).stop()
		return m.launch(name, u, request{})
	}
	if r.noBlock {
		go work()
		return answer{Err: told}
	}
	result := work()
	result.Err = told + result.Err
	return result
}

func (m *manager) tryRestart(name string, r request) answer {
	if m.service(name).now().state != active {
		return answer{}
	}
	return m.restart(name, r)
}
