#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# docs/writing-a-driver.md is complete: it has each function, capability, phase and flag of driver.h.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$EXD_TEST_SRCDIR" || exit 1

guide=docs/writing-a-driver.md
header=include/execdriver/driver.h

# without WORD...: those that the guide has not, each as a word of its own.
without() {
	local word
	for word in "$@"; do
		grep -qE "(^|[^A-Za-z0-9_])$word([^A-Za-z0-9_]|\$)" "$guide" || echo "$word"
	done
}

mapfile -t calls < <(sed -n 's/^\t\(exd_\(plan\|record\|options\)_[a-z0-9_]*\);$/\1/p' core/libexecdriver.map)
ok "the library has calls for drivers" test "${#calls[@]}" -gt 50
is "$(without "${calls[@]}")" "" "each call for drivers is in the guide"

mapfile -t functions < <(sed -n 's/^\t\(int\|void\) (\*\([a-z]*\))(.*/\2/p' "$header")
ok "the vtable has functions" test "${#functions[@]}" -ge 15
missing=$(for name in "${functions[@]}"; do grep -q "^| .*\`$name\`.* |" "$guide" || echo "$name"; done)
is "$missing" "" "each function of the vtable has a row"

mapfile -t names < <(grep -ohE '^	EXD_(CAP|STEP|FD)_[A-Z_]+|^	EXD_(PREPARE|CHILD|END|CLEANUP)\b|EXD_ATTACH_[A-Z_]+|EXD_WORKER_[A-Z_]+' \
	include/execdriver/execdriver.h "$header" | tr -d '\t' | sort -u)
ok "the headers have names for drivers" test "${#names[@]}" -ge 16
is "$(without "${names[@]}")" "" "capabilities, kinds, flags and phases are in the guide"

mapfile -t fields < <(sed -n '/^struct exd_driver {/,/^	\/\*/s/^\t.*[ *]\([a-z_]*\);.*/\1/p' "$header")
is "$(without "${fields[@]}")" "" "each field of the entry is in the guide"

links=$(grep -oE '\]\([^)#]+\)' "$guide" docs/drivers.md examples/chroot-driver/README.md | sed 's/^\([^:]*\)\/[^/]*:](\(.*\))$/\1\/\2/')
missing=$(for link in $links; do [ -e "$link" ] || echo "$link"; done)
is "$missing" "" "what the guide refers to is there"
anchors=$(grep -oE '\]\(#[^)]+\)' "$guide" | tr -d ']()#' | sort -u)
headings=$(sed -n 's/^## //p' "$guide" | tr '[:upper:]' '[:lower:]' | tr -d ',:' | tr ' ' '-')
missing=$(for anchor in $anchors; do grep -qxF -- "$anchor" <<<"$headings" || echo "$anchor"; done)
is "$missing" "" "its table of contents leads to its headings"

# The tutorial quotes the example as it is.
# shellcheck disable=SC2016
quoted=$(sed -n '/^```c$/,/^```$/{/^```/d;p}' examples/chroot-driver/README.md | sed 's|/\*.*\*/||; s/, \.\.\.);//; s/^[	 ]*//; s/ *$//' |
	grep -vE '^(\.\.\.|)$')
missing=$(while IFS= read -r line; do
	grep -qF -- "$line" examples/chroot-driver/chroot.c || echo "$line"
done <<<"$quoted")
is "$missing" "" "the tutorial quotes the example"

done_testing
