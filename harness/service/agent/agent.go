// Package zzgodyno is the agent that godyno adds to a service at build time, through an overlay: standard library
// only, nothing declared in package main, and inert unless GODYNO_AGENT names a folder.
//
// It listens on <folder>/<pid>.sock. Frames both ways are a big-endian uint32 length and that many bytes. A request
// is "verb key=value …"; a reply is one JSON object on one line, a newline, and a payload that may be empty.
//
// It compiles at language level Go 1.17, because it is built at the level of the module it is put into; newer library
// calls live in files with a build tag.
package zzgodyno

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	folderVariable = "GODYNO_AGENT"
	ratesVariable  = "GODYNO_RATES"

	protocolVersion = 1

	// A request is a verb and a few numbers; anything longer is not our client.
	maxRequestBytes = 4096
)

// agent serves one command at a time, so a reply never describes a moment in which another command ran.
type agent struct {
	// Goroutines that exist only because of the agent; taken off every count that is reported. First in the struct,
	// because 32-bit machines want 64-bit atomics aligned.
	ownGoroutines int64

	commands sync.Mutex
	counters *counterReader
	own      cost
	capture  capture
	peak     *peakSampler
}

func init() {
	folder, rates := os.Getenv(folderVariable), os.Getenv(ratesVariable)
	if folder == "" {
		return
	}
	// Both stay set: where a child of the same binary serves (prefork, a wrapper script, exec), its agent is the one that
	// is asked. A process that replaces itself finds the socket of what it was before.
	path := filepath.Join(folder, strconv.Itoa(os.Getpid())+".sock")
	_ = os.Remove(path)
	if _, err := start(path, rates); err != nil {
		fmt.Fprintln(os.Stderr, "godyno agent:", err)
	}
}

// start listens on path and serves until the listener is closed.
func start(path, rates string) (net.Listener, error) {
	setRates(parseRequest(rates))
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	a := &agent{counters: newCounterReader()}
	a.capture.ownGoroutines = &a.ownGoroutines
	a.own = a.counters.ownCost()
	atomic.AddInt64(&a.ownGoroutines, 1)
	go a.serve(listener)
	return listener, nil
}

func (a *agent) serve(listener net.Listener) {
	defer atomic.AddInt64(&a.ownGoroutines, -1)
	markAsAgent()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		atomic.AddInt64(&a.ownGoroutines, 1)
		go a.converse(conn)
	}
}

// markAsAgent labels the calling goroutine and all that it starts, so that profiles can leave them out.
func markAsAgent() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("godyno", "agent")))
}

func (a *agent) converse(conn net.Conn) {
	defer atomic.AddInt64(&a.ownGoroutines, -1)
	defer conn.Close()
	request := make([]byte, maxRequestBytes)
	out := make([]byte, 0, 4096)
	for {
		length, err := readRequest(conn, request)
		if err != nil {
			return
		}
		var payload []byte
		out, payload = a.answer(request[:length], out[:4])
		binary.BigEndian.PutUint32(out, uint32(len(out)-4+len(payload)))
		if _, err := conn.Write(out); err != nil {
			return
		}
		if len(payload) > 0 {
			if _, err := conn.Write(payload); err != nil {
				return
			}
		}
	}
}

// readRequest fills request with one frame's body and returns its length.
func readRequest(conn io.Reader, request []byte) (int, error) {
	if _, err := io.ReadFull(conn, request[:4]); err != nil {
		return 0, err
	}
	length := binary.BigEndian.Uint32(request[:4])
	if length > maxRequestBytes {
		return 0, errors.New("request too long")
	}
	_, err := io.ReadFull(conn, request[:length])
	return int(length), err
}

// answer appends the reply's line to out. "counters" is told apart before anything is parsed: it is asked at the edges
// of every window and must not allocate.
func (a *agent) answer(request, out []byte) (line, payload []byte) {
	a.commands.Lock()
	defer a.commands.Unlock()
	if string(request) == "counters" {
		a.counters.read(a.serviceGoroutines())
		return append(a.counters.appendJSON(append(out, `{"ok":true`...)), "}\n"...), nil
	}
	// Not appended to out straight away: a panic half-way must not leave half a line.
	reply, payload, err := a.runSafely(parseRequest(string(request)))
	if err != nil {
		reply = (&object{}).text("error", err.Error())
		payload = nil
	}
	ok := strconv.FormatBool(err == nil)
	return append(append(append(append(out, `{"ok":`...), ok...), reply.bytes...), "}\n"...), payload
}

// runSafely turns a panic of the runtime (a profile that cannot be written, say) into an error reply: the agent must
// never end the service.
func (a *agent) runSafely(command arguments) (reply *object, payload []byte, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("%s: panic: %v", command[""], recovered)
		}
	}()
	reply = &object{}
	payload, err = a.run(command, reply)
	return reply, payload, err
}

func (a *agent) run(command arguments, reply *object) ([]byte, error) {
	switch verb := command[""]; verb {
	case "hello":
		a.hello(reply)
		return nil, nil
	case "rates":
		setRates(command)
		return nil, nil
	case "gc":
		a.counters.collectionNs = collectGarbage()
		a.counters.read(a.serviceGoroutines())
		reply.bytes = a.counters.appendJSON(reply.bytes)
		return nil, nil
	case "peak.start":
		return nil, a.startPeak(time.Duration(command.number("intervalUs", 2000)) * time.Microsecond)
	case "peak.stop":
		return nil, a.stopPeak(reply)
	case "stacks":
		return stacks(int(command.number("maxBytes", 1<<20)))
	case "coverage":
		return coverageData(command["data"])
	default:
		return a.capture.run(verb, command, reply)
	}
}

// serviceGoroutines counts the service's goroutines, without the agent's own.
func (a *agent) serviceGoroutines() int64 {
	return int64(runtime.NumGoroutine()) - atomic.LoadInt64(&a.ownGoroutines)
}

// collectGarbage runs two collections: the second one frees what finalizers and sync.Pool held through the first, and
// publishes the heap profile up to now. The pause lets finalizers run. Returns the second one's CPU time, in nanoseconds.
func collectGarbage() int64 {
	runtime.GC()
	time.Sleep(2 * time.Millisecond)
	var before, after usage
	before.read()
	runtime.GC()
	after.read()
	return after.cpuNs() - before.cpuNs()
}

// setRates takes "mutex" (one in n events) and "block" (nanoseconds). The heap's rate comes from
// GODEBUG=memprofilerate, which also counts what other packages' inits allocate.
func setRates(rates arguments) {
	if _, set := rates["mutex"]; set {
		runtime.SetMutexProfileFraction(int(rates.number("mutex", 0)))
	}
	if _, set := rates["block"]; set {
		runtime.SetBlockProfileRate(int(rates.number("block", 0)))
	}
}

// arguments of a command; the verb stands under the empty key.
type arguments map[string]string

func parseRequest(request string) arguments {
	parsed := arguments{}
	for index, word := range strings.Fields(request) {
		if equals := strings.IndexByte(word, '='); equals > 0 {
			parsed[word[:equals]] = word[equals+1:]
		} else if index == 0 {
			parsed[""] = word
		}
	}
	return parsed
}

func (a arguments) number(name string, missing int64) int64 {
	if value, err := strconv.ParseInt(a[name], 10, 64); err == nil {
		return value
	}
	return missing
}
