# Every program ends in 0.
# file: monitor/finish.c
# test: tests/root/test_monitor
s/return (info->si_status & 0xff) << 8;/return 0;/
