//go:build unix
// +build unix

package zzgodyno

import (
	"runtime"
	"syscall"
)

// usage is what the kernel says about this process, threads that have ended included, and about the programs that it
// has started and waited for.
type usage struct {
	raw, children syscall.Rusage
}

// Neither call can fail: both arguments are valid (getrusage(2)).
func (u *usage) read() {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u.raw)
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u.children)
}

// cpuNs is the process's own CPU time.
func (u *usage) cpuNs() int64 {
	return u.raw.Utime.Nano() + u.raw.Stime.Nano()
}

func (u *usage) appendJSON(o *object, name string) {
	o.open(name)
	o.number("userNs", u.raw.Utime.Nano()).number("systemNs", u.raw.Stime.Nano())
	o.number("childrenNs", u.children.Utime.Nano()+u.children.Stime.Nano())
	o.number("maxRssBytes", int64(u.raw.Maxrss)*maxrssUnit())
	o.number("minorFaults", int64(u.raw.Minflt)).number("majorFaults", int64(u.raw.Majflt))
	o.number("voluntarySwitches", int64(u.raw.Nvcsw)).number("involuntarySwitches", int64(u.raw.Nivcsw))
	o.close()
}

// maxrssUnit is the size of one unit of ru_maxrss: bytes on Apple's systems, kilobytes elsewhere (getrusage(2)).
func maxrssUnit() int64 {
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return 1
	}
	return 1024
}
