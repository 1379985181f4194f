package load

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Line is what one stream of requests did in about one second: one line of the report.
type Line struct {
	// Time is the end of the second, in seconds of the epoch.
	Time float64 `json:"time"`
	// From is the client's node, Pod its pod, To what it calls, Mode how: by service or pod address, or on one stream.
	From string `json:"from"`
	Pod  string `json:"pod"`
	To   string `json:"to"`
	Mode string `json:"mode"`
	// Warming: the client is new, and has not been calm (nothing failed) for a while yet. What fails meanwhile is told apart:
	// the client's address must first be known to whoever enforces policies, on every node of the servers.
	Warming bool `json:"warming,omitempty"`
	// Requests that ended, how many of them failed, and how many came with another source address than the pod's own.
	Requests     int `json:"requests"`
	Failures     int `json:"failures"`
	WrongSources int `json:"wrongSources"`
	// Farewells: streams that the server ended in order.
	Farewells int `json:"farewells,omitempty"`
	// GapMs is the longest time without a success, SlowestMs the slowest success, in milliseconds.
	GapMs     float64 `json:"gapMs"`
	SlowestMs float64 `json:"slowestMs"`
	// StallMs is the longest that this client itself was kept from running, in milliseconds: a failure in the same second
	// may be the machine's fault.
	StallMs float64 `json:"stallMs"`
	// Fault is the first one of the second.
	Fault string `json:"fault,omitempty"`
}

// grace is how long a new client may fail before that counts; calm is for how long nothing fails any more when it is warm.
// A request that fails is known to do so after a timeout, so it takes longer than one.
const (
	grace = 10 * time.Second
	calm  = 2 * timeout
)

// Recorder counts one stream of requests.
type Recorder struct {
	mutex   sync.Mutex
	line    Line
	last    time.Time
	begin   time.Time
	warming bool
	// well is since when a warming client has seen successes only.
	well time.Time
	// warm is when the warming up ended.
	warm time.Time
}

// NewRecorder begins to count at a time.
func NewRecorder(from, pod, to, mode string, now time.Time) *Recorder {
	return &Recorder{line: Line{From: from, Pod: pod, To: to, Mode: mode}, last: now, begin: now, warming: true}
}

// Success counts an answer that told this source address.
func (r *Recorder) Success(now time.Time, took time.Duration, source, own string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.line.Requests++
	if source != own {
		r.line.WrongSources++
		r.fault("the server saw " + source + " instead of " + own)
	}
	r.line.SlowestMs = max(r.line.SlowestMs, milliseconds(took))
	if !r.warming {
		r.line.GapMs = max(r.line.GapMs, milliseconds(now.Sub(r.last)))
	}
	if r.warming {
		r.warmUp(now, source != own)
	}
	r.last = now
}

// Failure counts a request that began at a time and failed.
func (r *Recorder) Failure(begin time.Time, text string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.warming && begin.Before(r.warm) {
		return // It was waiting while the client warmed up.
	}
	r.well = time.Time{}
	r.line.Requests++
	r.line.Failures++
	r.fault(text)
}

// warmUp notes a success while the client is new. A wrong source is no matter of time, so it counts at once.
func (r *Recorder) warmUp(now time.Time, wrong bool) {
	if r.well.IsZero() {
		r.well = now
	}
	if !wrong && now.Sub(r.well) < calm {
		return
	}
	r.warming, r.warm = false, now
	if !wrong {
		// What came before in this second belongs to the warming up.
		r.line = Line{From: r.line.From, Pod: r.line.Pod, To: r.line.To, Mode: r.line.Mode}
	}
}

// Farewell counts a stream that the server ended in order.
func (r *Recorder) Farewell() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.line.Farewells++
}

func (r *Recorder) fault(text string) {
	if r.line.Fault == "" {
		r.line.Fault = text
	}
}

// stallStep is how often the client looks at the clock to see whether it runs.
const stallStep = 10 * time.Millisecond

// watchStalls calls back with every time that the process was kept from running, until the end of the program.
func watchStalls(stalled func(time.Duration)) {
	for before := time.Now(); ; {
		time.Sleep(stallStep)
		now := time.Now()
		stalled(now.Sub(before) - stallStep)
		before = now
	}
}

// Stalled notes that the client was kept from running for so long.
func (r *Recorder) Stalled(d time.Duration) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.line.StallMs = max(r.line.StallMs, milliseconds(d))
}

// Flush writes what was counted since the last time, and begins anew.
func (r *Recorder) Flush(now time.Time, to io.Writer) error {
	r.mutex.Lock()
	line := r.line
	if r.warming && now.Sub(r.begin) >= grace {
		// Whoever never gets through is not forgiven.
		r.warming, r.warm = false, now
	}
	line.Time, line.Warming = float64(now.UnixMilli())/1000, r.warming
	if !r.warming {
		line.GapMs = max(line.GapMs, milliseconds(now.Sub(r.last)))
	}
	r.line = Line{From: line.From, Pod: line.Pod, To: line.To, Mode: line.Mode}
	r.mutex.Unlock()
	return json.NewEncoder(to).Encode(line)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
