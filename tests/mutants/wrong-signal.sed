# Another signal than the wanted one is sent.
# file: monitor/supervise.c
# test: tests/root/test_monitor
s/return sys_pidfd_signal(t->pidfd\.fd, sig);/return sys_pidfd_signal(t->pidfd.fd, sig == SIGTERM ? SIGHUP : sig);/
