// Command counted does what it is told, one line of stdin at a time, and says when it is done: the subject of the tests
// of instruction counting. Its loops are assembly, so that what they execute can be counted by hand.
package main

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// spin executes 2n + 2 instructions.
func spin(n int)

// straight executes straightInstructions instructions over several pages.
func straight()

var total int

// small is inlined into outer.
func small(x int) int {
	total += x
	return total * 3
}

//go:noinline
func outer(x int) int {
	return small(x) + 1
}

//go:noinline
func twice(x int) int {
	return outer(x) + outer(x+1)
}

// between is inlined where it is called.
func between(x int) int {
	return outer(x) - 1
}

var chosen = []func(int) int{outer, twice}

//go:noinline
func keep(n int) []byte {
	return make([]byte, n)
}

//go:noinline
func capture() []uintptr {
	pcs := make([]uintptr, 16)
	return pcs[:runtime.Callers(2, pcs)]
}

func innermost(x int) []uintptr {
	if x < 0 {
		return nil
	}
	return capture()
}

func middle(x int) []uintptr {
	return innermost(x + 1)
}

//go:noinline
func outermost(x int) []uintptr {
	return middle(x + 1)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		count, _ := strconv.Atoi(words[1])
		obey(words, count)
		os.Stdout.WriteString("done\n")
	}
}

func obey(words []string, count int) {
	switch words[0] {
	case "spin":
		for i := 0; i < count; i++ {
			spin(1000)
		}
	case "straight":
		for i := 0; i < count; i++ {
			straight()
		}
	case "outer":
		for i := 0; i < count; i++ {
			outer(i)
		}
	case "callers":
		for i := 0; i < count; i++ {
			total += between(i)
			for _, call := range chosen {
				total += call(i)
			}
		}
	case "goroutines":
		done := make(chan int)
		for i := 0; i < count; i++ {
			go func() { done <- twice(i) }()
			total += <-done
		}
	case "stat":
		for i := 0; i < count; i++ {
			os.Lstat("/")
		}
	case "threads":
		for i := 0; i < count; i++ {
			ready := make(chan bool)
			go func() { runtime.LockOSThread(); ready <- true; select {} }()
			<-ready
		}
	case "allocate":
		for i := 0; i < count; i++ {
			keep(512)
		}
	case "frames":
		for _, word := range words[2:] {
			address, _ := strconv.ParseUint(word, 16, 64)
			printFrames([]uintptr{uintptr(address) + 1})
		}
	case "entry":
		pc, _, _, _ := runtime.Caller(0)
		os.Stdout.WriteString(strconv.FormatUint(uint64(runtime.FuncForPC(pc).Entry()), 16) + "\n")
	case "stack":
		pcs := outermost(count)
		os.Stdout.WriteString(strconv.FormatUint(uint64(pcs[0]-1), 16) + "\n")
		printFrames(pcs)
	}
}

// printFrames prints what Go itself says of return addresses: function file:line, innermost first.
func printFrames(pcs []uintptr) {
	frames := runtime.CallersFrames(pcs)
	var all []string
	for {
		frame, more := frames.Next()
		all = append(all, frame.Function+" "+frame.File+":"+strconv.Itoa(frame.Line))
		if !more {
			break
		}
	}
	os.Stdout.WriteString(strings.Join(all, "|") + "\n")
}
