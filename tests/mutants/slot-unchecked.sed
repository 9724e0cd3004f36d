# A step may name a slot that is not there.
# file: monitor/validate.c
# test: tests/root/test_monitor_nonsense
s/if (s->slot\[k\] >= c->plan->slots)/if (s->slot[k] >= c->plan->slots + 60000u)/
