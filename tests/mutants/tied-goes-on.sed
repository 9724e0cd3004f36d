# A tied container outlives its host.
# file: monitor/supervise.c
# test: tests/root/test_monitor_clients
s/if (tied \&\& t->state <= TASK_RUNNING)/if (!tied \&\& t->state <= TASK_RUNNING)/
