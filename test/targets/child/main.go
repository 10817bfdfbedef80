// A service whose requests another process takes than the one that was started; mode.txt says how, and how many KiB a
// request allocates.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

//go:embed mode.txt
var mode string

const role = "CHILD_ROLE"

func main() {
	var kind string
	var kilobytes int
	fmt.Sscan(mode, &kind, &kilobytes)
	if given := os.Getenv("CHILD_MODE"); given != "" {
		kind = given
	}
	if os.Getenv(role) != "" || kind == "plain" {
		serve(kind, kilobytes)
		return
	}
	parent(kind)
}

func parent(kind string) {
	switch kind {
	case "exec": // replaces itself, as a script with exec does
		_ = os.Setenv(role, "exec")
		fail(syscall.Exec(os.Args[0], os.Args, os.Environ()))
	case "shell": // a wrapper script in between
		run(exec.Command("sh", "-c", role+`=shell "$0" "$@"; exit $?`, os.Args[0]))
	case "bare": // an environment of its own
		child := exec.Command(os.Args[0], os.Args[1:]...)
		child.Env = []string{role + "=bare", "PORT=" + os.Getenv("PORT"), "CHILD_MODE=" + kind}
		run(child)
	case "handed": // the parent listens, the child accepts (overseer)
		listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
		fail(err)
		file, err := listener.(*net.TCPListener).File()
		fail(err)
		child := exec.Command(os.Args[0], os.Args[1:]...)
		child.Env = append(os.Environ(), role+"=handed")
		child.ExtraFiles = []*os.File{file}
		run(child)
	case "shared": // several children accept from what the parent has opened
		listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
		fail(err)
		file, err := listener.(*net.TCPListener).File()
		fail(err)
		for _, start := range []func(*exec.Cmd){func(child *exec.Cmd) { fail(child.Start()) }, run} {
			child := exec.Command(os.Args[0], os.Args[1:]...)
			child.Env = append(os.Environ(), role+"=handed")
			child.ExtraFiles = []*os.File{file}
			start(child)
		}
	case "late": // one more than there were at first
		go func() {
			time.Sleep(1500 * time.Millisecond)
			other := exec.Command(os.Args[0], os.Args[1:]...)
			other.Env = append(os.Environ(), role+"=late")
			fail(other.Start())
		}()
		child := exec.Command(os.Args[0], os.Args[1:]...)
		child.Env = append(os.Environ(), role+"=late")
		run(child)
	case "several": // each child listens for itself (prefork)
		other := exec.Command(os.Args[0], os.Args[1:]...)
		other.Env = append(os.Environ(), role+"=several")
		fail(other.Start())
		fallthrough
	default:
		child := exec.Command(os.Args[0], os.Args[1:]...)
		child.Env = append(os.Environ(), role+"="+kind)
		run(child)
	}
}

func run(child *exec.Cmd) {
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	fail(child.Start())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		_ = child.Process.Signal(syscall.SIGTERM)
	}()
	_ = child.Wait()
}

func serve(kind string, kilobytes int) {
	var sink []byte
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/pid", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getpid()) })
	http.HandleFunc("/die", func(w http.ResponseWriter, r *http.Request) { os.Exit(3) })
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < kilobytes; i++ {
			sink = make([]byte, 1024)
		}
		fmt.Fprint(w, strings.Repeat("x", len(sink)%7+20))
	})
	fail(http.Serve(listen(os.Getenv(role)), nil))
}

func listen(kind string) net.Listener {
	if kind == "handed" {
		listener, err := net.FileListener(os.NewFile(3, "listener"))
		fail(err)
		return listener
	}
	config := net.ListenConfig{}
	if kind == "several" || kind == "late" {
		config.Control = func(_, _ string, conn syscall.RawConn) error {
			// SO_REUSEPORT, which package syscall does not name.
			return conn.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, 0xf, 1) })
		}
	}
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	fail(err)
	return listener
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
