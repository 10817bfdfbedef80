package zzgodyno

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// client talks to an agent in this process. Its own round trips allocate nothing, so that differences between two
// readings belong to the test.
type client struct {
	t    *testing.T
	conn net.Conn
	in   []byte
}

func connect(t *testing.T) *client {
	t.Helper()
	goroutines := runtime.NumGoroutine()
	path := filepath.Join(t.TempDir(), "agent.sock")
	listener, err := start(path, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		listener.Close()
		waitForGoroutines(t, goroutines)
	})
	c := &client{t: t, conn: conn, in: make([]byte, 1<<20)}
	c.ask("hello") // the connection's goroutine has started
	return c
}

// waitForGoroutines waits until no more than count are left: goroutines end after what they did is visible.
func waitForGoroutines(t *testing.T, count int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > count {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left, expected %d", runtime.NumGoroutine(), count)
		}
		time.Sleep(time.Millisecond)
	}
}

func frame(request string) []byte {
	out := make([]byte, 4, 4+len(request))
	binary.BigEndian.PutUint32(out, uint32(len(request)))
	return append(out, request...)
}

// exchange sends a whole frame and reads the reply's body into the buffer.
func (c *client) exchange(request, into []byte) []byte {
	if _, err := c.conn.Write(request); err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.ReadFull(c.conn, into[:4]); err != nil {
		c.t.Fatal(err)
	}
	length := binary.BigEndian.Uint32(into)
	if _, err := io.ReadFull(c.conn, into[:length]); err != nil {
		c.t.Fatal(err)
	}
	return into[:length]
}

func (c *client) ask(request string) (map[string]interface{}, []byte) {
	c.t.Helper()
	return parseReply(c.t, c.exchange(frame(request), c.in))
}

func parseReply(t *testing.T, body []byte) (map[string]interface{}, []byte) {
	t.Helper()
	end := bytes.IndexByte(body, '\n')
	head := map[string]interface{}{}
	if err := json.Unmarshal(body[:end], &head); err != nil {
		t.Fatalf("%v in %q", err, body[:end])
	}
	return head, body[end+1:]
}

// between returns the two counter readings around work.
func (c *client) between(work func()) (before, after map[string]interface{}) {
	c.t.Helper()
	request, first, last := frame("counters"), make([]byte, 4096), make([]byte, 4096)
	first = c.exchange(request, first)
	work()
	last = c.exchange(request, last)
	before, _ = parseReply(c.t, first)
	after, _ = parseReply(c.t, last)
	return before, after
}

func difference(before, after map[string]interface{}, name string) float64 {
	return after[name].(float64) - before[name].(float64)
}

var sink interface{}

// quietRuntime keeps the collector out of a test: a collection allocates a few objects of its own.
func quietRuntime(t *testing.T) {
	percent := debug.SetGCPercent(-1)
	runtime.GC()
	t.Cleanup(func() { debug.SetGCPercent(percent) })
}

// expectAllocations requires that work shows as exactly this many objects, and bytes unless negative. The runtime now
// and then allocates one of its own (it starts a thread, say), so one of a few tries must be exact: a counter that
// misses or adds something would be off in all of them.
func (c *client) expectAllocations(objects, allocated float64, work func()) {
	c.t.Helper()
	quietRuntime(c.t)
	var gotObjects, gotBytes float64
	for try := 0; try < 5; try++ {
		before, after := c.between(work)
		gotObjects = difference(before, after, "mallocs")
		gotBytes = difference(before, after, "allocBytes")
		if gotObjects == objects && (allocated < 0 || gotBytes == allocated) {
			return
		}
	}
	c.t.Errorf("counted %v objects of %v bytes in all, allocated %v of %v", gotObjects, gotBytes, objects, allocated)
}

func TestCountersAreExactForKnownAllocations(t *testing.T) {
	c := connect(t)
	for bytes, allocate := range map[int]func(){
		48:    func() { sink = new([6]int) },
		1024:  func() { sink = new([1024]byte) },
		65536: func() { sink = new([65536]byte) }, // large: a span of its own
	} {
		c.expectAllocations(1000, float64(1000*bytes), func() {
			for i := 0; i < 1000; i++ {
				allocate()
			}
		})
	}
}

func TestTinyAllocationsAreCountedOneByOne(t *testing.T) {
	c := connect(t)
	// Several share a block, so their bytes are the block's.
	c.expectAllocations(1000, -1, func() {
		for i := 0; i < 1000; i++ {
			sink = new(int64)
		}
	})
}

func TestReadingTheCountersAddsNothingToThem(t *testing.T) {
	c := connect(t)
	request, in := frame("counters"), make([]byte, 4096)
	c.expectAllocations(0, 0, func() {
		for i := 0; i < 100; i++ {
			c.exchange(request, in)
		}
	})
	hello, _ := c.ask("hello")
	if hello["ownMallocs"] != 0.0 || hello["ownBytes"] != 0.0 {
		t.Errorf("a reading says it costs %v objects, %v bytes", hello["ownMallocs"], hello["ownBytes"])
	}
}

func TestAReadingEndsLaterThanItBegins(t *testing.T) {
	c := connect(t)
	reply, _ := c.ask("counters")
	cpu := func(name string) float64 {
		usage := reply[name].(map[string]interface{})
		return usage["userNs"].(float64) + usage["systemNs"].(float64)
	}
	if cpu("begin") <= 0 || cpu("end") < cpu("begin") {
		t.Errorf("CPU %v at the beginning, %v at the end", cpu("begin"), cpu("end"))
	}
}

func TestGCReportsWhatSurvives(t *testing.T) {
	c := connect(t)
	before, _ := c.ask("gc")
	kept := make([]byte, 4<<20)
	after, _ := c.ask("gc")
	if grown := difference(before, after, "liveHeapBytes"); grown < 4<<20 || grown > 5<<20 {
		t.Errorf("4 MiB kept alive show as %v bytes", grown)
	}
	if cycles := difference(before, after, "gcCycles"); cycles < 2 {
		t.Errorf("two collections show as %v", cycles)
	}
	runtime.KeepAlive(kept)
}

func TestAllocationsOweTheirShareOfTheNextCollection(t *testing.T) {
	c := connect(t)
	if reply, _ := c.ask("counters"); reply["gcOwedNs"] != nil {
		t.Errorf("owes %v ns before any collection was forced", reply["gcOwedNs"])
	}
	collected, _ := c.ask("gc")
	if collected["gcOwedNs"] == nil {
		t.Skip("this Go does not tell what survived a collection")
	}
	owedAfter := func(allocated int) float64 {
		sink = make([]byte, allocated)
		reply, _ := c.ask("counters")
		return reply["gcOwedNs"].(float64)
	}
	// Below the least heap that Go collects by itself (4 MiB).
	start := owedAfter(0)
	first := owedAfter(512<<10) - start
	second := owedAfter(512<<10) - start - first
	if first <= 0 || second < 0.9*first || second > 1.1*first {
		t.Errorf("512 KiB owe %v ns, as much again %v ns", first, second)
	}
	if again, _ := c.ask("gc"); again["gcOwedNs"].(float64) > 0.1*first {
		t.Errorf("owes %v ns right after a collection, 512 KiB owed %v ns", again["gcOwedNs"], first)
	}
}

// settledGoroutines waits out what an earlier test is still ending.
func settledGoroutines() int {
	least := runtime.NumGoroutine()
	for i := 0; i < 20; i++ {
		time.Sleep(time.Millisecond)
		if now := runtime.NumGoroutine(); now < least {
			least = now
		}
	}
	return least
}

func TestGoroutinesLeaveOutTheAgent(t *testing.T) {
	base := settledGoroutines()
	c := connect(t)
	expect := func(when string) {
		t.Helper()
		// A goroutine that ends after its command has answered may still be counted for a moment.
		deadline := time.Now().Add(5 * time.Second)
		for {
			reply, _ := c.ask("counters")
			if int(reply["goroutines"].(float64)) == base {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %v goroutines, the service has %d", when, reply["goroutines"], base)
			}
			time.Sleep(time.Millisecond)
		}
	}
	expect("idle")
	for _, kind := range []string{"cpu", "trace", "peak"} {
		c.mustSucceed(kind + ".start")
		expect(kind + " running")
		c.mustSucceed(kind + ".stop")
		expect(kind + " stopped")
	}
	if reply, _ := c.ask("flight.start ageMs=100"); reply["ok"] == true {
		expect("flight recorder running")
		c.mustSucceed("flight.stop")
		expect("flight recorder stopped")
	}
}

func TestTraceBeyondItsSizeIsGivenUp(t *testing.T) {
	c := connect(t)
	c.mustSucceed("trace.start maxBytes=1000")
	for round := 0; round < 1000; round++ {
		runtime.Gosched()
	}
	reply, payload := c.ask("trace.stop")
	if reply["ok"] == true || !strings.Contains(fmt.Sprint(reply["error"]), "more than the 1000 allowed") {
		t.Fatalf("a trace of %d bytes was given out: %v", len(payload), reply)
	}
	c.mustSucceed("trace.start")
	_, payload = c.mustSucceed("trace.stop")
	reply, _ = c.mustSucceed("trace.size")
	if size := reply["bytes"]; len(payload) == 0 || size != float64(len(payload)) {
		t.Fatalf("the trace has %d bytes, and its size is said to be %v", len(payload), size)
	}
}

func (c *client) mustSucceed(request string) (map[string]interface{}, []byte) {
	c.t.Helper()
	reply, payload := c.ask(request)
	if reply["ok"] != true {
		c.t.Fatalf("%s: %v", request, reply["error"])
	}
	return reply, payload
}

func TestPeakSeesGoroutinesThatAreGoneByTheEnd(t *testing.T) {
	c := connect(t)
	base := settledGoroutines()
	c.mustSucceed("peak.start intervalUs=1000")
	// Held until the sampler has surely looked, then ended.
	release := make(chan struct{})
	for i := 0; i < 50; i++ {
		go func() { <-release }()
	}
	time.Sleep(30 * time.Millisecond)
	close(release)
	reply, _ := c.mustSucceed("peak.stop")
	own := float64(base - 2) // the accepting and the conversing goroutine are the agent's
	if got := reply["goroutines"].(float64); got < own+50 || got > own+51 {
		t.Errorf("peak of %v goroutines, there were %v and 50 more", got, own)
	}
}

func TestAgentGoroutinesCarryItsLabel(t *testing.T) {
	c := connect(t)
	c.mustSucceed("peak.start")
	defer c.ask("peak.stop")
	var out bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&out, 1); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, group := range strings.Split(out.String(), "\n\n") {
		ours := strings.Contains(group, ".(*agent).") && !strings.Contains(group, "testing.tRunner")
		if ours && !strings.Contains(group, `"godyno":"agent"`) {
			t.Errorf("no label on:\n%s", group)
		}
		if ours {
			seen++
		}
	}
	if seen < 3 {
		t.Errorf("saw %d kinds of agent goroutines, expected accept, converse and peak", seen)
	}
}

func TestEveryProfileOfHelloCanBeTaken(t *testing.T) {
	c := connect(t)
	hello, _ := c.ask("hello")
	for _, name := range hello["profiles"].([]interface{}) {
		_, payload := c.mustSucceed(fmt.Sprintf("snapshot name=%s", name))
		if len(payload) < 2 || payload[0] != 0x1f || payload[1] != 0x8b {
			t.Errorf("%s: %d bytes that are not gzip", name, len(payload))
		}
	}
}

func TestCPUProfileSaysWhenSomebodyElseProfiles(t *testing.T) {
	c := connect(t)
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	reply, _ := c.ask("cpu.start")
	pprof.StopCPUProfile()
	if reply["ok"] != false || !strings.Contains(reply["error"].(string), "already in use") {
		t.Errorf("got %v", reply)
	}
}

func TestABadCommandIsAnAnswerAndTheConnectionLives(t *testing.T) {
	c := connect(t)
	for request, want := range map[string]string{
		"sing":                    "unknown command: sing",
		"":                        "unknown command: ",
		"snapshot name=nobody":    "no such profile: nobody",
		"coverage data=counters":  "built without coverage counters",
		"cpu.stop":                "not started",
		"trace.stop":              "not started",
		"peak.stop":               "not started",
		"peak.start intervalUs=1": "interval of 1 ms",
	} {
		reply, _ := c.ask(request)
		if reply["ok"] != false || !strings.Contains(reply["error"].(string), want) {
			t.Errorf("%q: got %v, want %q", request, reply, want)
		}
	}
	c.mustSucceed("counters")
}

func TestAnOverlongRequestEndsTheConnection(t *testing.T) {
	c := connect(t)
	if _, err := c.conn.Write([]byte{0xff, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.conn.Read(c.in); err != io.EOF {
		t.Errorf("got %v, want the connection to be closed", err)
	}
}

func TestObjectsAreJSONWhateverTheyHold(t *testing.T) {
	for _, value := range []string{"", `a"b\c`, "line\nbreak\x00", "größe 漢字 🙂", "bad \xff byte"} {
		o := (&object{bytes: []byte("{")}).text("value", value).open("nested").number("n", -1).close().texts("list", []string{value, value}).close()
		var parsed map[string]interface{}
		if err := json.Unmarshal(o.bytes, &parsed); err != nil {
			t.Errorf("%q: %v in %s", value, err, o.bytes)
			continue
		}
		if want := strings.ToValidUTF8(value, "\uFFFD"); parsed["value"] != want {
			t.Errorf("%q came back as %q", value, parsed["value"])
		}
	}
}

func BenchmarkCounters(b *testing.B) {
	reader := newCounterReader()
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		reader.read(0)
		out = reader.appendJSON(out[:0])
	}
}
