# The filter is not loaded.
# file: drivers/native/process.c
# test: tests/unit/test_native_plan
s/(void)exd_plan_seccomp(plan, filter, .*/(void)filter;/
