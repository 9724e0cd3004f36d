# A signal looks like an exit code.
# file: monitor/finish.c
# test: tests/root/test_monitor
s/^\treturn info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);/\treturn info->si_status << 8;/
