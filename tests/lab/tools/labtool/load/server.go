// Package load measures what clients feel: servers that tell whose connection they see, and clients that count.
package load

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// The first byte of a connection says what the client wants of it.
const (
	// once: the server writes the address it sees; the client closes.
	once = 'q'
	// stream: the server answers each line by the address it sees, until it says farewell.
	stream = 's'
)

// farewell is the last line of a stream that the server ends in order, so that the client does not count a fault.
const farewell = "bye"

// MainServe is the `serve` command.
func MainServe(args []string) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	listen := flags.String("listen", ":8080", "address to listen on")
	linger := flags.Duration("linger", 8*time.Second, "how long to keep serving after SIGTERM, as a workload with a preStop pause does")
	if flags.Parse(args) != nil {
		return 2
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Print(err)
		return 1
	}
	server := newServer(listener)
	go server.accept()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	log.Printf("serving for another %s", *linger)
	time.Sleep(*linger)
	server.close()
	return 0
}

type server struct {
	listener net.Listener
	mutex    sync.Mutex
	streams  map[net.Conn]*sync.Mutex
	work     sync.WaitGroup
}

func newServer(listener net.Listener) *server {
	return &server{listener: listener, streams: map[net.Conn]*sync.Mutex{}}
}

func (s *server) accept() {
	for {
		connection, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.work.Add(1)
		go func() {
			defer s.work.Done()
			defer connection.Close()
			s.handle(connection)
		}()
	}
}

func (s *server) handle(connection net.Conn) {
	reader := bufio.NewReader(connection)
	_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
	kind, err := reader.ReadByte()
	if err != nil {
		return
	}
	peer, _, _ := net.SplitHostPort(connection.RemoteAddr().String())
	if kind != stream {
		fmt.Fprintf(connection, "%s\n", peer)
		_, _ = reader.ReadByte()
		return
	}
	writing := &sync.Mutex{}
	s.mutex.Lock()
	s.streams[connection] = writing
	s.mutex.Unlock()
	defer func() {
		s.mutex.Lock()
		delete(s.streams, connection)
		s.mutex.Unlock()
	}()
	for {
		_ = connection.SetDeadline(time.Now().Add(time.Minute))
		if _, err := reader.ReadString('\n'); err != nil {
			return
		}
		writing.Lock()
		_, err := fmt.Fprintf(connection, "%s\n", peer)
		writing.Unlock()
		if err != nil {
			return
		}
	}
}

// close ends in order: no new connection, a farewell on every stream, and what is being answered is answered.
func (s *server) close() {
	s.listener.Close()
	s.mutex.Lock()
	for connection, writing := range s.streams {
		writing.Lock()
		fmt.Fprintf(connection, "%s\n", farewell)
		_ = connection.(*net.TCPConn).CloseWrite()
		writing.Unlock()
		_ = connection.SetReadDeadline(time.Now().Add(time.Second))
	}
	s.mutex.Unlock()
	s.work.Wait()
}
