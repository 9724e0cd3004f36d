# Post_stop is called twice.
# file: core/process.c
# test: tests/root/test_run
s/^\t\thooks\.post_stop(hooks\.ctx, p);/\t\thooks.post_stop(hooks.ctx, p), hooks.post_stop(hooks.ctx, p);/
