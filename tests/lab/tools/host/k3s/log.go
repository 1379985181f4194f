package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// logLine writes in K3s' form.
func logLine(level, message string) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%s\n", time.Now().UTC().Format(time.RFC3339), level, strconv.Quote(message))
}

func info(format string, values ...any) { logLine("info", fmt.Sprintf(format, values...)) }
func warn(format string, values ...any) { logLine("warning", fmt.Sprintf(format, values...)) }
