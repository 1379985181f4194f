package main

import (
	"net"
	"os"
)

// notifySocket is taken out of the environment at once: etcd, the API server and containerd would say there that they are
// ready, and mean themselves.
var notifySocket = func() string {
	path := os.Getenv("NOTIFY_SOCKET")
	_ = os.Unsetenv("NOTIFY_SOCKET")
	return path
}()

// notifyReady tells systemd that the service is up (sd_notify(3)).
func notifyReady() {
	path := notifySocket
	if path == "" {
		return
	}
	connection, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		warn("cannot tell systemd that k3s is up: %v", err)
		return
	}
	defer connection.Close()
	_, _ = connection.Write([]byte("READY=1\n"))
}
