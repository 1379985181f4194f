package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// settings are the agent's, under its own names and with its own defaults (scheduler/cmd/agent/cli/cli.go).
type settings struct {
	serverGrpc, readiness, schedulerPort int
	schedulerHost                        string
	beforeStart, afterStart              time.Duration
}

func readSettings(get func(string) string) (settings, error) {
	var found settings
	numbers := []struct {
		name     string
		fallback int
		into     func(int)
	}{
		{"SELDON_SERVER_GRPC_PORT", 9500, func(n int) { found.serverGrpc = n }},
		{"SELDON_READINESS_PORT", 0, func(n int) { found.readiness = n }},
		{"SELDON_SCHEDULER_PORT", 9005, func(n int) { found.schedulerPort = n }},
		{"SELDON_MAX_ELAPSED_TIME_READY_SUB_SERVICE_BEFORE_START_MINUTES", 15, func(n int) { found.beforeStart = time.Duration(n) * time.Minute }},
		{"SELDON_MAX_TIME_READY_SUB_SERVICE_AFTER_START_SECONDS", 30, func(n int) { found.afterStart = time.Duration(n) * time.Second }},
	}
	for _, number := range numbers {
		text := get(number.name)
		if text == "" {
			number.into(number.fallback)
			continue
		}
		value, err := strconv.Atoi(text)
		if err != nil {
			return settings{}, fmt.Errorf("Failed to parse %s: %w", number.name, err)
		}
		number.into(value)
	}
	found.schedulerHost = get("SELDON_SCHEDULER_HOST")
	if found.schedulerHost == "" {
		found.schedulerHost = "0.0.0.0"
	}
	return found, nil
}

func ownSettings() (settings, error) { return readSettings(os.Getenv) }
