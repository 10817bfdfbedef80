module godyno.invalid/reader

go 1.22
