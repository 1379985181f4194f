package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
)

const runFolder = "/run/lab-init"

// notifySockets counts them: each start of a service has one of its own, which the end of the start before cannot remove.
var notifySockets atomic.Int64

// listenNotify opens the socket on which a service says that it is ready (sd_notify(3)).
func listenNotify(name string, messages chan<- string) (string, func(), error) {
	path := filepath.Join(runFolder, fmt.Sprintf("notify-%s-%d", name, notifySockets.Add(1)))
	_ = os.Remove(path)
	connection, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return "", nil, err
	}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, _, err := connection.ReadFromUnix(buffer)
			if err != nil {
				close(messages)
				return
			}
			messages <- string(buffer[:n])
		}
	}()
	return path, func() { _ = connection.Close(); _ = os.Remove(path) }, nil
}

// drain keeps the socket of a running service open, so that its later messages do not fail, until the service ends.
func drain(messages <-chan string, stop func(), s *service) {
	s.mutex.Lock()
	ended := s.ended
	s.mutex.Unlock()
	for {
		select {
		case _, open := <-messages:
			if !open {
				return
			}
		case <-ended:
			stop()
			return
		}
	}
}
