# The record names another process of the same pid.
# file: monitor/record.c
# test: tests/root/exec.sh
s/(int)t->pid, t->start_time);/(int)t->pid, t->start_time + 1);/
