# A child that ended before its program began is taken for one that runs.
# file: monitor/report.c
# test: tests/root/test_monitor_oom
s/else if (t->launch->executing && !t->failed && !died/else if (!t->failed \&\& !died/
