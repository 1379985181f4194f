package load

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"testing"
	"time"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

func flush(t *testing.T, recorder *Recorder, now time.Time) Line {
	t.Helper()
	var out bytes.Buffer
	if err := recorder.Flush(now, &out); err != nil {
		t.Fatal(err)
	}
	var line Line
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	return line
}

func TestRecorder(t *testing.T) {
	start := time.UnixMilli(1_000_000)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	r := NewRecorder("s1", "client", "a1", "service", start)

	r.Failure(at(0), "refused")
	if line := flush(t, r, at(500)); !line.Warming || line.Failures != 1 || line.Fault != "refused" || line.GapMs != 0 {
		t.Errorf("before the first success: %+v", line)
	}
	r.Failure(at(0), "refused")
	r.Success(at(600), 3*time.Millisecond, "10.42.1.2", "10.42.1.2")
	// One of two servers knows the client already, the other one does not.
	r.Failure(at(610), "timeout")
	r.Success(at(700), 5*time.Millisecond, "10.42.1.2", "10.42.1.2")
	r.Success(at(2000), 5*time.Millisecond, "10.42.1.2", "10.42.1.2")
	if line := flush(t, r, at(2500)); !line.Warming || line.Failures != 2 || line.Requests != 5 {
		t.Errorf("a client that was not calm for long: %+v", line)
	}
	r.Success(at(2650), 9*time.Millisecond, "10.42.1.2", "10.42.1.2")
	r.Success(at(2800), 7*time.Millisecond, "10.42.1.2", "10.42.1.2")
	r.Success(at(2900), 5*time.Millisecond, "10.42.1.2", "10.42.1.2")
	if line := flush(t, r, at(3000)); line != (Line{Time: 1003, From: "s1", Pod: "client", To: "a1", Mode: "service",
		Requests: 1, GapMs: 100, SlowestMs: 5}) {
		t.Errorf("the second in which it became warm: %+v", line)
	}
	r.Failure(at(2799), "began while it warmed up")
	r.Failure(at(3100), "timeout")
	r.Failure(at(3200), "refused")
	r.Success(at(3900), time.Millisecond, "10.42.9.0", "10.42.1.2")
	want := "timeout"
	if line := flush(t, r, at(4000)); line.Requests != 3 || line.Failures != 2 || line.WrongSources != 1 || line.GapMs != 1000 || line.Fault != want {
		t.Errorf("failures, another source and a gap over the end of a second: %+v", line)
	}
	if line := flush(t, r, at(7000)); line.Requests != 0 || line.GapMs != 3100 {
		t.Errorf("a gap that has not ended: %+v", line)
	}

	wrong := NewRecorder("s1", "client", "a1", "service", start)
	wrong.Success(at(10), time.Millisecond, "10.42.9.0", "10.42.1.2")
	if line := flush(t, wrong, at(1000)); line.Warming || line.WrongSources != 1 {
		t.Errorf("a new client with a wrong source: %+v", line)
	}

	cold := NewRecorder("s1", "client", "a1", "service", start)
	cold.Failure(start, "refused")
	if line := flush(t, cold, at(11_000)); line.Warming || line.Failures != 1 {
		t.Errorf("a client that never got through: %+v", line)
	}
}

type given []kube.EndpointSlice

func (g *given) Items() ([]kube.EndpointSlice, bool) { return *g, true }

func TestFollower(t *testing.T) {
	slices := given{}
	f := &follower{service: "server-a1", slices: &slices, wasReady: map[string]bool{}}
	now := time.UnixMilli(0)
	called := func(endpoints string) string {
		var slice kube.EndpointSlice
		text := `{"metadata":{"labels":{"kubernetes.io/service-name":"server-a1"}},"ports":[{"port":80}],"endpoints":[` + endpoints + `]}`
		if err := json.Unmarshal([]byte(text), &slice); err != nil {
			t.Fatal(err)
		}
		slices = given{slice}
		now = now.Add(time.Second)
		return f.next(now)
	}
	for i, step := range []struct{ endpoints, want string }{
		{`{"addresses":["10.0.0.1"],"conditions":{"ready":false}}`, ""},
		{`{"addresses":["10.0.0.1"],"conditions":{"ready":true}}`, "10.0.0.1:80"},
		// The whole node is called not ready for a moment.
		{`{"addresses":["10.0.0.1"],"conditions":{"ready":false}}`, "10.0.0.1:80"},
		{`{"addresses":["10.0.0.1"],"conditions":{"ready":false,"terminating":true}},{"addresses":["10.0.0.2"],"conditions":{"ready":true}}`, "10.0.0.2:80"},
		{`{"addresses":["10.0.0.2"],"conditions":{"ready":true}}`, "10.0.0.2:80"},
		// Another pod got the first one's address; it has not been ready yet.
		{`{"addresses":["10.0.0.1"],"conditions":{"ready":false}}`, ""},
	} {
		if got := called(step.endpoints); got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

func TestServerAnswersUntilItsEndAndSaysFarewell(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(listener)
	go s.accept()
	address := listener.Addr().String()
	if seen, own, err := ask(address); err != nil || seen != "127.0.0.1" || own != seen {
		t.Errorf("got %q %q %v", seen, own, err)
	}

	r := NewRecorder("a", "p", "b", "stream", time.Now())
	ended := make(chan error)
	go func() { ended <- converse(context.Background(), address, r) }()
	for flush(t, r, time.Now()).Requests == 0 {
		time.Sleep(time.Millisecond)
	}
	s.close()
	if err := <-ended; err != errFarewell {
		t.Errorf("an orderly end: got %v", err)
	}
	if _, _, err := ask(address); err == nil {
		t.Error("a server that has ended answered")
	}
	if err := converse(context.Background(), address, r); err == nil || err == errFarewell {
		t.Errorf("a stream to nobody: got %v", err)
	}
}
