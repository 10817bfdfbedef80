// A service that does exactly what a line on its standard input says, so that what is counted can be known.
package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

var (
	kept    [][]byte
	sink    *[6]int
	release = make(chan struct{})
	left    *exec.Cmd
	end     io.Closer
)

func main() {
	if os.Getenv("REPLACE") != "" {
		os.Unsetenv("REPLACE")
		panic(syscall.Exec(os.Args[0], os.Args, os.Environ()))
	}
	fmt.Printf("ready %q %q\n", os.Getenv("GODYNO_AGENT"), os.Getenv("GODYNO_RATES"))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var verb string
		var n int
		fmt.Sscan(lines.Text(), &verb, &n)
		do(verb, n)
		fmt.Println("done")
	}
}

func do(verb string, n int) {
	switch verb {
	case "alloc":
		allocate(n)
	case "keep":
		kept = append(kept, make([]byte, n))
	case "spin":
		spin(n)
	case "thread":
		onThreadsThatEnd(n)
	case "hold":
		for i := 0; i < n; i++ {
			go func() { <-release }()
		}
	case "strand":
		for i := 0; i < n; i++ {
			go func() { <-make(chan struct{}) }()
		}
	case "release":
		close(release)
		release = make(chan struct{})
	case "contend":
		contend(n)
	case "fork":
		loop := fmt.Sprintf("i=0; while [ $i -lt %d ]; do i=$((i+1)); done", n)
		if err := exec.Command("sh", "-c", loop).Run(); err != nil {
			panic(err)
		}
	case "leave": // a child that works and stays, until it is told to end
		loop := fmt.Sprintf("i=0; while [ $i -lt %d ]; do i=$((i+1)); done; echo; read end", n)
		left = exec.Command("sh", "-c", loop)
		end, _ = left.StdinPipe()
		said, _ := left.StdoutPipe()
		if err := left.Start(); err != nil {
			panic(err)
		}
		_, _ = bufio.NewReader(said).ReadString('\n')
	case "reap":
		_ = end.Close()
		_ = left.Wait()
	case "exit":
		os.Exit(n)
	}
}

//go:noinline
func allocate(objects int) {
	for i := 0; i < objects; i++ {
		sink = new([6]int)
	}
}

// Work is counted, not timed, so that it is the same however little of a CPU it gets.
//
//go:noinline
func spin(thousands int) {
	sum := sha256.Sum256(nil)
	for i := 0; i < 1000*thousands; i++ {
		sum = sha256.Sum256(sum[:])
	}
}

// A goroutine that ends while locked to its thread takes the thread with it.
func onThreadsThatEnd(n int) {
	var all sync.WaitGroup
	for i := 0; i < n; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			runtime.LockOSThread()
			spin(200)
		}()
	}
	all.Wait()
}

func contend(n int) {
	var lock sync.Mutex
	var all sync.WaitGroup
	for i := 0; i < n; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := 0; round < 20; round++ {
				lock.Lock()
				time.Sleep(time.Millisecond)
				lock.Unlock()
			}
		}()
	}
	all.Wait()
}
