// Command init is what a lab host runs in the place of systemd: the first process, which starts units and reaps orphans,
// and, under the names systemctl and journalctl, the two tools that programs on the host use. It knows the part of
// systemd that K3s' units and this project's need (systemd.service(5), systemd.kill(5), systemctl(1)), nothing more.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	switch name := filepath.Base(os.Args[0]); {
	case name == "systemctl":
		os.Exit(askManager(os.Args[1:]))
	case name == "journalctl":
		os.Exit(journal(os.Args[1:]))
	case len(os.Args) == 2 && os.Args[1] == "boot":
		boot()
	case len(os.Args) == 2 && os.Args[1] == "keep":
		keep()
	default:
		fmt.Fprintln(os.Stderr, "usage: init boot    as the first process of a lab host\n"+
			"       init keep    as the first process of a lab: ends, and everything with it, when its standard input does")
		os.Exit(2)
	}
}

// boot starts the enabled units and serves systemctl until the host loses its power.
func boot() {
	manager := newManager()
	go manager.reaper.run()
	if err := manager.listen(); err != nil {
		fmt.Fprintln(os.Stderr, "init:", err)
		os.Exit(1)
	}
	manager.startEnabled()
	fmt.Println("booted")
	select {}
}

// keep holds a lab's namespaces. Whoever started it holds the other end of its standard input.
func keep() {
	reaper := newReaper()
	go reaper.run()
	fmt.Println("ready")
	buffer := make([]byte, 1)
	for {
		if n, err := os.Stdin.Read(buffer); n == 0 || err != nil {
			return
		}
	}
}
