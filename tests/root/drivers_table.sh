#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The table of docs/drivers.md says what the drivers say of themselves. "make drivers-table" writes it anew; columns of
# drivers that this build has not are kept as they are.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/drivers.sh
. "$EXD_TEST_SRCDIR/tests/root/drivers.sh"
cd "$TEST_TMPDIR" || exit 1

doc=$EXD_TEST_SRCDIR/docs/drivers.md
read -ra drivers <<<"$EXD_TEST_TABLED"
mkdir -p one/{proc,sys,dev/pts} two/{proc,sys,dev/pts}
drivers_config "$PWD" "$PWD/one" || exit 1
export EXD_CONFIG=$PWD/execdriver.conf

sed -n '/^<!-- table -->$/,/^<!-- end of table -->$/{/^|/p}' "$doc" >committed
mkdir answers
answers() {
	"$EXD_TEST_BUILDDIR/tests/drivers_table" "$1" state two >"answers/$1"
}
for driver in "${drivers[@]}"; do
	ok "driver $driver answers for every key" answers "$driver"
done

# table: the committed columns, and then those that are new, with the answers of the drivers at hand.
table() {
	awk -F '\t' -v drivers="${drivers[*]}" '
	BEGIN {
		n = split(drivers, have, " ")
		while ((getline line <"committed") > 0) {
			gsub(/^\| | \|$/, "", line)
			count = split(line, cell, / \| /)
			if (!columns)
				for (i = 3; i <= count; i++) name[++columns] = cell[i]
			for (i = 3; i <= count; i++)
				old[cell[1], cell[2], name[i - 2]] = cell[i]
		}
		for (i = 1; i <= n; i++) {
			for (known = j = 1; j <= columns; j++) if (name[j] == have[i]) known = 0
			if (known) name[++columns] = have[i]
			for (rows = 0; (getline line <("answers/" have[i])) > 0; rows++) {
				gsub(/\|/, "\\|", line)
				split(line, part, "\t")
				key[rows] = part[1]; value[rows] = part[2]
				new[part[1], part[2], have[i]] = part[3]
			}
		}
		printf "| key | value |"
		for (j = 1; j <= columns; j++) printf " %s |", name[j]
		printf "\n|---|---|"
		for (j = 1; j <= columns; j++) printf "---|"
		print ""
		for (i = 0; i < rows; i++) {
			printf "| %s | %s |", key[i], value[i]
			for (j = 1; j <= columns; j++) {
				at = key[i] SUBSEP value[i] SUBSEP name[j]
				printf " %s |", at in new ? new[at] : at in old ? old[at] : "?"
			}
			print ""
		}
	}'
}
table >generated

if [ "${EXD_TEST_UPDATE:-0}" = 1 ]; then
	sed -e '/^<!-- table -->$/,/^<!-- end of table -->$/{//!d}' -e '/^<!-- table -->$/r generated' "$doc" >new &&
		cat new >"$doc"
	cp generated committed
fi
is "$(diff committed generated)" "" "the table of docs/drivers.md is what the drivers say (else: make drivers-table)"
is "$(grep -c '^| [a-z]' generated)" "$(($(wc -l <"answers/${drivers[0]}") + 1))" "it has a row for each value that was tried"
for driver in "${drivers[@]}"; do
	is "$(cut -f 3 "answers/$driver" | grep -vE '^(works|anyway|refused: .{10,})$')" "" \
		"driver $driver answers with works, anyway, or a reason"
	is "$(grep -P '^(id|args|annotations)\t' "answers/$driver" | grep -v 'works$')" "" "driver $driver takes what all take"
done
is "$(find state -mindepth 1 -not -path "state/.seccomp*" 2>/dev/null)" "" "asking made no container"

done_testing
