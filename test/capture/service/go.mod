module godyno.invalid/capture-service

go 1.22
