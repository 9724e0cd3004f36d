# A container's lock is given up at its start.
# file: core/state.c
# test: tests/unit/test_state
s/while (flock(fd, how) < 0)/while (flock(fd, (how \& ~LOCK_EX) | (how \& LOCK_EX ? LOCK_SH : 0)) < 0)/
