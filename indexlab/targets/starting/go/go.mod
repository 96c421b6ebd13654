module myindex

go 1.18
