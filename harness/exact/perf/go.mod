module godyno.invalid/perf

go 1.22
