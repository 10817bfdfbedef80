package main

import "fmt"

// fault is what one call of the function shall do in addition.
type fault struct {
	Kind string `json:"kind"`
	// Every: only every so many-th call does it; 1: each.
	Every uint64 `json:"every"`
	// Rounds of the burning loop (cpu).
	Rounds uint64 `json:"rounds"`
	// Objects of Bytes bytes each (alloc, leak-heap).
	Objects uint64 `json:"objects"`
	Bytes   uint64 `json:"bytes"`
	// Nanoseconds asleep, blocked, or holding the lock (sleep, block, lock).
	Nanoseconds int64 `json:"nanoseconds"`
}

// The inserted statements use names of the helper file only: a parameter called `len` or `new` must not break them.
// The work itself stands in the function, not in a helper, so that a profile charges the function with it.
const (
	// Xorshift (Marsaglia 2003). It stands between two atomic operations on a variable of its own: a processor works on
	// what comes before and after a short loop while the loop runs, and so the first few dozen rounds would be free.
	burn = "var zzgodynoY zzgodynoFence; zzgodynoX := zzgodynoY.Add(1); " +
		"for zzgodynoI := zzgodynoRounds; zzgodynoI > 0; zzgodynoI-- { " +
		"zzgodynoX ^= zzgodynoX << 13; zzgodynoX ^= zzgodynoX >> 7; zzgodynoX ^= zzgodynoX << 17 }; " +
		"zzgodynoY.Store(zzgodynoX)"
	allocate = "for zzgodynoI := zzgodynoObjects; zzgodynoI > 0; zzgodynoI-- { zzgodynoSink.Store(&zzgodynoBlock{}) }"
	hold     = "zzgodynoLock.Lock(); zzgodynoNap(zzgodynoPause); zzgodynoLock.Unlock()"
	nap      = "zzgodynoNap(zzgodynoPause)"
	await    = "<-zzgodynoAfter(zzgodynoPause)"
	keep     = "for zzgodynoI := zzgodynoObjects; zzgodynoI > 0; zzgodynoI-- { " +
		"zzgodynoLock.Lock(); zzgodynoKept = &zzgodynoNode{next: zzgodynoKept}; zzgodynoLock.Unlock() }"
	strand = "go zzgodynoForever()"
)

// code returns the statements for the function and the declarations for the helper file.
func (f fault) code() (string, string, error) {
	imports, body, declarations := "", "", ""
	switch f.Kind {
	case "cpu":
		body = burn
		declarations = fmt.Sprintf("const zzgodynoRounds uint64 = %d\n\ntype zzgodynoFence = atomic.Uint64\n", f.Rounds)
	case "alloc":
		body = allocate
		declarations = fmt.Sprintf("const zzgodynoObjects uint64 = %d\n\ntype zzgodynoBlock [%d]byte\n\nvar zzgodynoSink atomic.Pointer[zzgodynoBlock]\n", f.Objects, f.Bytes)
	case "lock":
		imports, body = "\"sync\"\n\t\"time\"", hold
		declarations = fmt.Sprintf("const zzgodynoPause time.Duration = %d\n\nvar (\n\tzzgodynoLock sync.Mutex\n\tzzgodynoNap  = time.Sleep\n)\n", f.Nanoseconds)
	case "sleep":
		imports, body = "\"time\"", nap
		declarations = fmt.Sprintf("const zzgodynoPause time.Duration = %d\n\nvar zzgodynoNap = time.Sleep\n", f.Nanoseconds)
	case "block":
		imports, body = "\"time\"", await
		declarations = fmt.Sprintf("const zzgodynoPause time.Duration = %d\n\nvar zzgodynoAfter = time.After\n", f.Nanoseconds)
	case "leak-heap":
		imports, body = "\"sync\"", keep
		declarations = fmt.Sprintf("const zzgodynoObjects uint64 = %d\n\ntype zzgodynoNode struct {\n\tnext *zzgodynoNode\n\t_    [%d]byte\n}\n\nvar (\n\tzzgodynoLock sync.Mutex\n\tzzgodynoKept *zzgodynoNode\n)\n", f.Objects, nodeBytes(f.Bytes))
	case "leak-goroutine":
		body = strand
		declarations = "func zzgodynoForever() { select {} }\n"
	default:
		return "", "", fmt.Errorf("there is no fault of kind %q", f.Kind)
	}
	atomics := f.Kind == "cpu" || f.Kind == "alloc"
	if f.Every > 1 {
		body = "if zzgodynoCalls.Add(1)%zzgodynoEvery == 0 { " + body + " }"
		declarations += fmt.Sprintf("\nconst zzgodynoEvery uint64 = %d\n\nvar zzgodynoCalls atomic.Uint64\n", f.Every)
		atomics = true
	}
	if atomics && imports == "" {
		imports = "\"sync/atomic\""
	} else if atomics {
		imports += "\n\t\"sync/atomic\""
	}
	head := ""
	if imports != "" {
		head = "import (\n\t" + imports + "\n)\n\n"
	}
	return "{ " + body + " };", head + declarations, nil
}

// nodeBytes leaves room for the pointer to the next node.
func nodeBytes(bytes uint64) uint64 {
	if bytes <= 8 {
		return 0
	}
	return bytes - 8
}

// shiftCode is reachable, so it is linked, and its functions are too large to be inlined away; nothing ever calls them.
const shiftCode = `import "os"

type zzgodynoShifted func(string) string

var zzgodynoTable = map[string]zzgodynoShifted{"1": zzgodynoOne, "2": zzgodynoTwo, "3": zzgodynoThree}

func init() {
	// No program is started without a name, so this never runs; the linker cannot know.
	if len(os.Args) > 0 {
		return
	}
	for name, shifted := range zzgodynoTable {
		os.Args = append(os.Args, shifted(name))
	}
}

//go:noinline
func zzgodynoOne(text string) string { return text + "1" }

//go:noinline
func zzgodynoTwo(text string) string { return text + "22" + text }

//go:noinline
func zzgodynoThree(text string) string {
	for len(text) < 300 {
		text += text
	}
	return text
}
`
