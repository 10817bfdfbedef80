module zzgodynoplanter

go 1.22
