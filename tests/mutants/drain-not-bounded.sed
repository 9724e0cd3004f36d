# Who holds stdio open holds up the end.
# file: monitor/finish.c
# test: tests/root/test_monitor_clients
s/try_again(m, t, (uint64_t)t->drain_ms \* MS_NS);/try_again(m, t, (uint64_t)t->drain_ms * MS_NS * 1000000);/
