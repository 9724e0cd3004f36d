# OOM kills are not counted.
# file: monitor/oom.c
# test: tests/root/test_monitor_oom
s/^\tuint64_t kills = read_kills(o);/\tuint64_t kills = 0 * read_kills(o);/
