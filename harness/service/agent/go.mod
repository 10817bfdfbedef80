module godyno.invalid/agent

go 1.17
