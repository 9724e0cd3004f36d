# A path that is to be read only can be written.
# file: monitor/child_mount.c
# test: tests/root/isolation.sh
s/struct mount_attr attr = {\.attr_set = MOUNT_ATTR_RDONLY};/struct mount_attr attr = {.attr_set = 0};/
