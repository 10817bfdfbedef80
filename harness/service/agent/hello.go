package zzgodyno

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
)

// hello describes the process, so that the harness can see that both sides run alike.
func (a *agent) hello(reply *object) {
	reply.number("protocol", protocolVersion).number("pid", int64(os.Getpid()))
	reply.text("goVersion", runtime.Version()).text("arch", runtime.GOARCH).text("os", runtime.GOOS)
	reply.number("gomaxprocs", int64(runtime.GOMAXPROCS(0))).number("cpus", int64(runtime.NumCPU()))
	reply.number("memProfileRate", int64(runtime.MemProfileRate))
	reply.number("mutexProfileFraction", int64(runtime.SetMutexProfileFraction(-1)))
	reply.count("ownMallocs", a.own.mallocs).count("ownBytes", a.own.bytes)
	reply.texts("profiles", profileNames())
	appendBuild(reply)
}

func profileNames() []string {
	var names []string
	for _, profile := range pprof.Profiles() {
		names = append(names, profile.Name())
	}
	return names
}

func appendBuild(reply *object) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	reply.text("path", info.Path).text("module", info.Main.Path).open("settings")
	for _, setting := range info.Settings {
		reply.text(setting.Key, setting.Value)
	}
	reply.close()
}
