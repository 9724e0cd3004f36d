# A name that is not there is root.
# file: drivers/native/user.c
# test: tests/unit/test_native_user
s/^\tif (value >= ID_NONE)$/\tif (value > ID_NONE)/
