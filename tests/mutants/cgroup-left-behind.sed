# The cgroup of a container stays.
# file: monitor/tail.c
# test: tests/root/test_leaks
s/if (s->op == WIRE_CGROUP_REMOVE && !made)/if (s->op == WIRE_CGROUP_REMOVE)/
