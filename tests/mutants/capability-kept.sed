# One capability more stays in the bounding set.
# file: monitor/child_identity.c
# test: tests/root/test_monitor_root
s/if (s->num\[0\] \& 1ull << cap)$/if (s->num[0] \& 1ull << cap || cap == 21)/
