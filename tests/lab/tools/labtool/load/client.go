package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// timeout is how long a request may take, from the first packet to the answer. There is no second try.
const timeout = time.Second

// errFarewell says that the server ended a stream in order.
var errFarewell = errors.New("the server ended the stream in order")

// ask opens a connection, asks once, and gives the address that the server saw, and our own.
//
// The client ends the connection, by a reset: neither side keeps it in TIME_WAIT. Otherwise a call to a Service may use
// the port of an earlier call to the pod behind it, whose TIME_WAIT at the server has another clock (the time stamps of
// two destinations differ), and the server does not answer its first packet: a failure that no network has made.
func ask(address string) (seen, own string, err error) {
	connection, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return "", "", err
	}
	defer connection.Close()
	own = hostOf(connection.LocalAddr())
	_ = connection.(*net.TCPConn).SetLinger(0)
	_ = connection.SetDeadline(time.Now().Add(timeout))
	if _, err := connection.Write([]byte{once}); err != nil {
		return "", own, err
	}
	answer, err := bufio.NewReader(connection).ReadString('\n')
	return strings.TrimSpace(answer), own, err
}

func hostOf(address net.Addr) string {
	host, _, _ := net.SplitHostPort(address.String())
	return host
}

// addressOf gives whom to call now; empty when there is nobody, which is a failure.
type addressOf func(now time.Time) string

// pace starts a request every 1/rate seconds until the context ends, however long the ones before take.
func pace(ctx context.Context, rate int, next addressOf, recorder *Recorder) {
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		begin := time.Now()
		address := next(begin)
		if address == "" {
			recorder.Failure(begin, "no address to call")
			continue
		}
		go func() {
			seen, own, err := ask(address)
			if err != nil {
				recorder.Failure(begin, fmt.Sprintf("%s: %v", address, err))
				return
			}
			recorder.Success(time.Now(), time.Since(begin), seen, own)
		}()
	}
}

// beat is the pause between two questions on a stream.
const beat = 50 * time.Millisecond

// hold keeps one connection open and asks on it all the time. One that breaks is a failure, and a new one is opened; one
// that the server ends in order is not.
func hold(ctx context.Context, next addressOf, recorder *Recorder) {
	for ctx.Err() == nil {
		begin := time.Now()
		address := next(begin)
		if address == "" {
			recorder.Failure(begin, "no address to call")
			time.Sleep(beat)
			continue
		}
		err := converse(ctx, address, recorder)
		if errors.Is(err, errFarewell) {
			recorder.Farewell()
			continue
		}
		if err != nil {
			recorder.Failure(begin, err.Error())
			time.Sleep(beat)
		}
	}
}

func converse(ctx context.Context, address string, recorder *Recorder) error {
	connection, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	defer connection.Close()
	own, reader := hostOf(connection.LocalAddr()), bufio.NewReader(connection)
	if _, err := connection.Write([]byte{stream}); err != nil {
		return err
	}
	for ctx.Err() == nil {
		begin := time.Now()
		_ = connection.SetDeadline(begin.Add(timeout))
		if _, err := connection.Write([]byte("\n")); err != nil {
			// The farewell may be waiting to be read.
			if line, _ := reader.ReadString('\n'); strings.TrimSpace(line) == farewell {
				return errFarewell
			}
			return fmt.Errorf("%s: the open connection broke: %w", address, err)
		}
		line, err := reader.ReadString('\n')
		if strings.TrimSpace(line) == farewell {
			return errFarewell
		}
		if err != nil {
			return fmt.Errorf("%s: the open connection broke: %w", address, err)
		}
		recorder.Success(time.Now(), time.Since(begin), strings.TrimSpace(line), own)
		time.Sleep(beat)
	}
	return nil
}
