package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

var handlers = map[string]func(*behaviour, http.ResponseWriter, *http.Request){
	"ok":                work,
	"exit-at-once":      work,
	"never-listens":     work,
	"never-ready":       work,
	"listens-elsewhere": work,
	"fixed-port":        work, // at: the port
	"locked-file":       work,
	"locked-machine":    work, // at: a number in the lock's name
	"shared-file":       work, // at: a number in the file's name
	"fixed-ports":       work, // at: the port beside the main one
	"background":        work,
	"closes":            work,
	"fails":             fail,
	"fails-sometimes":   failSometimes,
	"panics":            panicSometimes,
	"crashes":           crash,
	"dies":              die,
	"hangs":             hang,
	"slow":              slow,
	"grows":             grow,
	"accepts":           accept,
	"threads":           thread, // at: how many
	"hurries":           hurry,  // at: within how many µs
	"strays":            work,   // at: the CPU
}

var answer = []byte("{\"ok\":true}\n")

// work is about 100 µs of CPU.
func work(_ *behaviour, w http.ResponseWriter, r *http.Request) {
	digest(r.URL.Path, 300)
	_, _ = w.Write(answer)
}

func digest(text string, turns int) [32]byte {
	sum := sha256.Sum256([]byte(text))
	for turn := 0; turn < turns; turn++ {
		sum = sha256.Sum256(sum[:])
	}
	return sum
}

func fail(_ *behaviour, w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "the shelf is empty", http.StatusInternalServerError)
}

func failSometimes(b *behaviour, w http.ResponseWriter, r *http.Request) {
	if b.served.Load()%b.at == 0 {
		fail(b, w, r)
		return
	}
	work(b, w, r)
}

// panicSometimes ends in net/http's recovery: a stack trace on stderr, and a connection that is dropped.
func panicSometimes(b *behaviour, w http.ResponseWriter, r *http.Request) {
	if b.served.Load()%b.at == 0 {
		var shelves map[string]int
		shelves[r.URL.Path]++
	}
	work(b, w, r)
}

// crash panics where nothing recovers: the whole program goes.
func crash(b *behaviour, w http.ResponseWriter, r *http.Request) {
	if b.served.Load() == b.at {
		go func() { panic("lost the index") }()
	}
	work(b, w, r)
}

func die(b *behaviour, w http.ResponseWriter, r *http.Request) {
	if b.served.Load() == b.at {
		fmt.Fprintln(os.Stderr, "out of disk space")
		os.Exit(9)
	}
	work(b, w, r)
}

// hang answers nothing from request `at` on.
func hang(b *behaviour, w http.ResponseWriter, r *http.Request) {
	if b.served.Load() >= b.at {
		<-r.Context().Done()
		return
	}
	work(b, w, r)
}

// slow waits 20 ms: a service that mostly waits for others.
func slow(b *behaviour, w http.ResponseWriter, r *http.Request) {
	time.Sleep(20 * time.Millisecond)
	work(b, w, r)
}

// accept answers with another status than the rest; it is one that scenarios expect.
func accept(_ *behaviour, w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(answer)
}

// thread holds more operating-system threads with every request until it has `at` of them.
func thread(b *behaviour, w http.ResponseWriter, r *http.Request) {
	if b.served.Load() <= b.at {
		held := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(held)
			select {}
		}()
		<-held
	}
	work(b, w, r)
}

// hurry gives up where its work takes longer than it may: a deadline that only a slow machine misses.
func hurry(b *behaviour, w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	digest(r.URL.Path, 300)
	if time.Since(started) > time.Duration(b.at)*time.Microsecond {
		http.Error(w, "took too long", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write(answer)
}

type state struct {
	mu   sync.Mutex
	rows [][]byte
}

// grow keeps 256 B of every request and reads all of it now and then: later requests cost more than early ones.
func grow(b *behaviour, w http.ResponseWriter, r *http.Request) {
	b.kept.mu.Lock()
	b.kept.rows = append(b.kept.rows, append(make([]byte, 0, 256), r.URL.Path...))
	total := 0
	for _, row := range b.kept.rows {
		total += len(row)
	}
	b.kept.mu.Unlock()
	_, _ = fmt.Fprintf(w, "{\"bytes\":%d}\n", total)
}

// burn is work that no request asked for: a fifth of one CPU, for ever.
func burn() {
	for {
		started := time.Now()
		for time.Since(started) < 2*time.Millisecond {
			digest("background", 50)
		}
		time.Sleep(8 * time.Millisecond)
	}
}

// stray binds all threads of this process to one CPU, wherever they were put.
func stray(cpu int64) {
	bound := exec.Command("taskset", "-a", "-c", "-p", strconv.FormatInt(cpu, 10), strconv.Itoa(os.Getpid()))
	if said, err := bound.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot stray: %v: %s\n", err, said)
		os.Exit(1)
	}
}

// lock refuses a second process on this machine, as embedded databases do with their file; it ends with the process.
func lock(name string) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "database is locked by another process:", err)
		os.Exit(1)
	}
	locked = file
}

// locked is held open, or the collector would close the file and end the lock.
var locked *os.File
