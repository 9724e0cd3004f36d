# Ambient capabilities are not cleared.
# file: monitor/child_identity.c
# test: tests/root/test_monitor_root
s/^\treturn raise_ambient(s->num\[3\]);/\treturn raise_ambient(~0ull);/
