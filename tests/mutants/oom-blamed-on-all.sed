# Every SIGKILL after an OOM kill is the kernel's.
# file: monitor/verdict.c
# test: tests/root/test_monitor_oom
s/^\tif (o->named)$/\tif (o->named || o->kills)/
