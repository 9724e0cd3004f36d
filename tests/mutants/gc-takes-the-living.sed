# Gc removes a container that runs.
# file: core/gc.c
# test: tests/root/test_recovery
s/^\tif (status == EXD_STATUS_STOPPED || status == EXD_STATUS_LOST)/\tif (status != EXD_STATUS_CREATED)/
