# A pre_start hook that fails stops nothing.
# file: monitor/supervise.c
# test: tests/root/test_monitor
s/^\tif (verdict) {$/\tif (verdict > 0) {/
