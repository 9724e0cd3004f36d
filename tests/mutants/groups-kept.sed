# The host's additional groups stay.
# file: monitor/child_identity.c
# test: tests/root/test_monitor_root
s/return neg_errno(syscall(CALL_SETGROUPS, s->str\[0\]\.size \/ sizeof(uint32_t),/return neg_errno(syscall(SYS_getgroups, 0,/
