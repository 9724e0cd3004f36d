# The container keeps the host's root.
# file: monitor/child_mount.c
# test: tests/root/isolation.sh
s/syscall(SYS_pivot_root, "\.", "\.") < 0 ||/0 ||/
