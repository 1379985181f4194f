package main

import (
	"bytes"
	"os"
	"strings"
)

// versionMark begins the last line of the program file. The lab appends it, so that one build serves as any version, each
// a file with a SHA-256 of its own.
const versionMark = "\nlab-k3s-version="

func version() string {
	content, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "unknown"
	}
	// The mark also stands among the program's own constants: the last one counts.
	at := bytes.LastIndex(content, []byte(versionMark))
	tail := string(content[at+len(versionMark):])
	if at < 0 || len(tail) > 40 {
		return "v0.0.0+lab"
	}
	return strings.TrimSpace(tail)
}
