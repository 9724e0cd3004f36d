# Cpu times of v2 are in the wrong unit.
# file: drivers/native/stats.c
# test: tests/root/test_limits
s/s->cpu_user_ns \*= tick_ns;/s->cpu_user_ns *= 1;/
