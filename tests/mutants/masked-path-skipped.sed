# A path that is to be hidden is seen.
# file: drivers/native/masks.c
# test: tests/root/isolation.sh
s/^\t"\/proc\/keys",$//
