# The old root stays mounted below the new one.
# file: monitor/child_mount.c
# test: tests/root/isolation.sh
s/syscall(SYS_umount2, "\.", MNT_DETACH) < 0/0/
