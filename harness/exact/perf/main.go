// Command perf counts the instructions of a process in user mode with the CPU's own counter.
//
//	perf probe        exits 0 when the counter opens and counts, else 1 with the reason
//	perf count PID    prints "0 TOTAL" at the start and "n TOTAL" at the n-th SIGUSR1: all threads' instructions so far
//
// The kernel's event counts one thread and, with "inherit", the threads it starts later, so every thread that is alive
// at the start is opened once. The build needs the standard library only.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

// From linux/perf_event.h.
const (
	typeHardware      = 0
	countInstructions = 1
	attributesSize    = 112 // PERF_ATTR_SIZE_VER5
	formatTimes       = 1<<0 | 1<<1
	flagInherit       = 1 << 1
	flagNoKernel      = 1 << 5
	flagNoHypervisor  = 1 << 6
	closeOnExec       = 1 << 3
)

func open(thread int) (int, error) {
	var attributes [attributesSize]byte
	binary.NativeEndian.PutUint32(attributes[0:], typeHardware)
	binary.NativeEndian.PutUint32(attributes[4:], attributesSize)
	binary.NativeEndian.PutUint64(attributes[8:], countInstructions)
	binary.NativeEndian.PutUint64(attributes[32:], formatTimes)
	binary.NativeEndian.PutUint64(attributes[40:], flagInherit|flagNoKernel|flagNoHypervisor)
	anyCPU, noGroup := -1, -1
	descriptor, _, errno := syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN, uintptr(unsafe.Pointer(&attributes)),
		uintptr(thread), uintptr(anyCPU), uintptr(noGroup), closeOnExec, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(descriptor), nil
}

// read refuses a count that others shared the counter of: it would be of a part of the time, and an estimate.
func read(descriptor int) (uint64, error) {
	var answer [24]byte
	if _, err := syscall.Read(descriptor, answer[:]); err != nil {
		return 0, err
	}
	return believed(answer)
}

// believed takes the kernel's answer apart: the count, for how long it was wanted, and for how long it was kept.
func believed(answer [24]byte) (uint64, error) {
	wanted, kept := binary.NativeEndian.Uint64(answer[8:]), binary.NativeEndian.Uint64(answer[16:])
	if kept < wanted {
		return 0, fmt.Errorf("the counter was shared: it ran for %d of %d ns", kept, wanted)
	}
	return binary.NativeEndian.Uint64(answer[:8]), nil
}

var sink int

// probe runs a loop of known least length: some machines open the event and then count nothing.
func probe() error {
	runtime.LockOSThread()
	descriptor, err := open(0)
	if err != nil {
		return fmt.Errorf("the event does not open: %w", err)
	}
	const rounds = 1_000_000
	for i := range rounds {
		sink += i
	}
	counted, err := read(descriptor)
	if err != nil {
		return fmt.Errorf("the event cannot be read: %w", err)
	}
	if counted < rounds {
		return fmt.Errorf("the event opens but counted %d instructions in a loop of at least %d", counted, rounds)
	}
	return nil
}

func threadsOf(process string) ([]int, error) {
	folders, err := filepath.Glob("/proc/" + process + "/task/*")
	if err != nil || len(folders) == 0 {
		return nil, fmt.Errorf("there is no process %s", process)
	}
	var threads []int
	for _, folder := range folders {
		thread, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			return nil, err
		}
		threads = append(threads, thread)
	}
	return threads, nil
}

func count(process string) error {
	threads, err := threadsOf(process)
	if err != nil {
		return err
	}
	var descriptors []int
	for _, thread := range threads {
		descriptor, err := open(thread)
		if err == syscall.ESRCH {
			continue // ended since it was listed
		}
		if err != nil {
			return fmt.Errorf("thread %d: %w", thread, err)
		}
		descriptors = append(descriptors, descriptor)
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	for number := 0; ; number++ {
		total, err := sum(descriptors)
		if err != nil {
			return err
		}
		fmt.Println(number, total)
		<-asked
	}
}

func sum(descriptors []int) (uint64, error) {
	var total uint64
	for _, descriptor := range descriptors {
		counted, err := read(descriptor)
		if err != nil {
			return 0, err
		}
		total += counted
	}
	return total, nil
}

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "probe":
		err = probe()
	case len(os.Args) == 3 && os.Args[1] == "count":
		err = count(os.Args[2])
	default:
		err = fmt.Errorf("usage: perf probe | perf count PID")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
