# A signal is told as 127 + its number.
# file: core/exit_status.c
# test: tests/root/test_run
s/to->exit_code = 128 + to->signal;/to->exit_code = 127 + to->signal;/
