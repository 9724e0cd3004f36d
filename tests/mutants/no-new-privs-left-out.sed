# A program can gain privileges that was not to.
# file: monitor/child_identity.c
# test: tests/root/test_monitor_root
s/prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)/0/
