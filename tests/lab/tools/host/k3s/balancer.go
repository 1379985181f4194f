package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// balancer passes connections of an agent's own programs on to a server that answers.
type balancer struct {
	mutex   sync.Mutex
	servers []string
}

func (b *balancer) set(servers []string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	// Whoever answered last stays first: connections should not wander without a reason.
	if len(b.servers) > 0 {
		for i, one := range servers {
			if one == b.servers[0] {
				servers[0], servers[i] = servers[i], servers[0]
			}
		}
	}
	b.servers = servers
}

func (b *balancer) listen(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go b.pass(connection.(*net.TCPConn))
		}
	}()
	return nil
}

func (b *balancer) pass(client *net.TCPConn) {
	defer client.Close()
	server, err := b.dial()
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Add(2)
	for _, way := range [][2]*net.TCPConn{{client, server}, {server, client}} {
		go func() {
			defer both.Done()
			_, _ = io.Copy(way[1], way[0])
			// One direction at its end or broken ends both: nothing of Kubernetes uses half-closed connections.
			_ = way[0].Close()
			_ = way[1].Close()
		}()
	}
	both.Wait()
}

func (b *balancer) dial() (*net.TCPConn, error) {
	b.mutex.Lock()
	servers := append([]string(nil), b.servers...)
	b.mutex.Unlock()
	for _, server := range servers {
		connection, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", server, apiPort), 2*time.Second)
		if err != nil {
			continue
		}
		b.prefer(server)
		return connection.(*net.TCPConn), nil
	}
	return nil, fmt.Errorf("no server answers")
}

func (b *balancer) prefer(server string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for i, one := range b.servers {
		if one == server {
			b.servers[0], b.servers[i] = b.servers[i], b.servers[0]
		}
	}
}
