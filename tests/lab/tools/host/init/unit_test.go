package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// inFolder makes one folder the only one with units, and gives a function that writes files below it.
func inFolder(t *testing.T) func(name, content string) {
	t.Helper()
	folder := t.TempDir()
	before := unitFolders
	unitFolders = []string{folder}
	t.Cleanup(func() { unitFolders = before })
	return func(name, content string) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const k3sUnit = `[Unit]
After=network-online.target
[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
ExecStart=/usr/local/bin/k3s \
    server \
	'--flannel-backend=vxlan' \
	'--tls-san=a b' \

`

func TestUnitOfK3s(t *testing.T) {
	write := inFolder(t)
	write("k3s.service", k3sUnit)
	u, err := loadUnit("k3s.service")
	if err != nil {
		t.Fatal(err)
	}
	command, err := parseCommand(u.last("Service", "ExecStart", ""), nil)
	want := []string{"/usr/local/bin/k3s", "server", "--flannel-backend=vxlan", "--tls-san=a b"}
	if err != nil || !reflect.DeepEqual(command.argv, want) {
		t.Errorf("ExecStart: got %q (%v), want %q", command.argv, err, want)
	}
	if got := u.last("Service", "EnvironmentFile", ""); got != "-/etc/default/k3s" {
		t.Errorf("EnvironmentFile: got %q", got)
	}
}

func TestDropInReplacesExecStart(t *testing.T) {
	write := inFolder(t)
	write("k3s.service", k3sUnit)
	write("k3s.service.d/90-later.conf", "[Service]\nExecStart=\nExecStart=/usr/local/bin/k3s server\n")
	write("k3s.service.d/10-earlier.conf", "[Service]\nRestart=no\n")
	u, err := loadUnit("k3s.service")
	if err != nil {
		t.Fatal(err)
	}
	if got := u.all("Service", "ExecStart"); !reflect.DeepEqual(got, []string{"/usr/local/bin/k3s server"}) {
		t.Errorf("ExecStart: got %q", got)
	}
	if names := []string{filepath.Base(u.dropIns[0]), filepath.Base(u.dropIns[1])}; names[0] != "10-earlier.conf" || names[1] != "90-later.conf" {
		t.Errorf("drop-ins: got %q", names)
	}
	if got := execProperty(u.last("Service", "ExecStart", ""), condition{}); !strings.HasPrefix(got, "{ path=/usr/local/bin/k3s ; argv[]=/usr/local/bin/k3s server ; ignore_errors=no ;") {
		t.Errorf("show: got %q", got)
	}
}

func TestWords(t *testing.T) {
	for line, want := range map[string][]string{
		`/bin/sh -c 'a "b" c'`:    {"/bin/sh", "-c", `a "b" c`},
		`/x "two words" \"q\" ""`: {"/x", "two words", `"q"`, ""},
		"  /x   y\t":              {"/x", "y"},
	} {
		got, err := splitWords(line)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q (%v), want %q", line, got, err, want)
		}
	}
	if _, err := splitWords(`/x "open`); err == nil {
		t.Error("a quote that is not closed was accepted")
	}
}

func TestCommandVariables(t *testing.T) {
	command, err := parseCommand("-/x $OPTIONS --name=${NAME} %%", []string{"OPTIONS=a b", "NAME=n"})
	want := []string{"/x", "a", "b", "--name=n", "%"}
	if err != nil || !command.ignoreFailed || !reflect.DeepEqual(command.argv, want) {
		t.Errorf("got %+v (%v), want %q", command, err, want)
	}
}

func TestBootOrder(t *testing.T) {
	write := inFolder(t)
	write("guard.service", "[Unit]\nBefore=k3s.service\nAfter=network.target\n[Service]\nExecStart=/x\n")
	write("k3s.service", k3sUnit)
	units := map[string]*unit{}
	for _, name := range []string{"guard.service", "k3s.service"} {
		u, err := loadUnit(name)
		if err != nil {
			t.Fatal(err)
		}
		units[name] = u
	}
	if got := before(units["k3s.service"], units); !reflect.DeepEqual(got, []string{"guard.service"}) {
		t.Errorf("k3s waits for %q", got)
	}
	if got := before(units["guard.service"], units); len(got) != 0 {
		t.Errorf("guard waits for %q", got)
	}
}

func TestMissingUnit(t *testing.T) {
	inFolder(t)
	if _, err := loadUnit("none.service"); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}
