# A memory limit is not written.
# file: drivers/native/cgroup_limits.c
# test: tests/unit/test_native_cgroup
s/"memory\.limit_in_bytes" : "memory\.max"/"memory.soft_limit_in_bytes" : "memory.high"/
