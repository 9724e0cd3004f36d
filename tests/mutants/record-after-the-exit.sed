# The exit is told before it is written.
# file: monitor/finish.c
# test: tests/root/test_monitor
s/^\tint r = record_exit(t);/\tint r = 0;/
