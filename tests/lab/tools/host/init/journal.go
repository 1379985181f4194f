package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// journal prints the log of one unit: `journalctl -u UNIT [-n LINES]`. What else journalctl takes is accepted and left
// aside, because a log of the lab has no fields to filter by.
func journal(args []string) int {
	name, lines := "", -1
	for i := 0; i < len(args); i++ {
		flag, value, hasValue := strings.Cut(args[i], "=")
		next := func() string {
			if !hasValue && i+1 < len(args) {
				i++
				return args[i]
			}
			return value
		}
		switch {
		case flag == "-u" || flag == "--unit" || flag == "-xeu" || flag == "-eu":
			name = unitName(next())
		case flag == "-n" || flag == "--lines":
			if count, err := strconv.Atoi(next()); err == nil {
				lines = count
			}
		case flag == "-o" || flag == "--output" || flag == "-S" || flag == "--since" || flag == "-b" && hasValue:
			next()
		}
	}
	if name == "" {
		fmt.Fprintln(os.Stderr, "the lab's journalctl needs a unit: journalctl -u UNIT [-n LINES]")
		return 1
	}
	content, err := os.ReadFile(filepath.Join(logFolder, name+".log"))
	if err != nil {
		fmt.Println("-- No entries --")
		return 0
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	if lines >= 0 && lines < len(all) {
		all = all[len(all)-lines:]
	}
	fmt.Println(strings.Join(all, "\n"))
	return 0
}
