#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The contract of driver.h and the cases of the kit: each sentence is checked, each case has its sentence.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
header=$EXD_TEST_SRCDIR/include/execdriver/driver.h

ids=$(grep -oE '^[[:space:]]+\* +\[[a-z]+-[0-9]+\] ' "$header" | grep -oE '[a-z]+-[0-9]+')
cited=$(driverctl conformance --list | sed "s,[^[]*\[\([^]]*\)\].*,\1," | tr ' ' '\n' | sort -u)
cases=$(driverctl conformance --list | sed 's/ .*//')

ok "the contract has at least 80 sentences" test "$(wc -l <<<"$ids")" -ge 80
is "$(sort <<<"$ids" | uniq -d)" "" "no id is given twice"
is "$(grep -oE '\[[a-z]+-[0-9]+\]' "$header" | tr -d '[]' | sort)" "$(sort <<<"$ids")" \
	"each id of the header begins its sentence"
is "$(comm -23 <(sort <<<"$ids") - <<<"$cited")" "" "each sentence is checked by a case"
is "$(comm -13 <(sort <<<"$ids") - <<<"$cited")" "" "each id of a case is in the header"
is "$(sort <<<"$cases" | uniq -d)" "" "no two cases have one name"

# The ids of a prefix are numbered without a gap, so that one that was taken out is seen.
gaps=$(sort -t- -k1,1 -k2,2n <<<"$ids" | awk -F- '$1 != last { want = 1; last = $1 } $2 != want++ { print $0 }')
is "$gaps" "" "ids have no gaps"

# What follows from a case can only be left out when that case has run before.
late=$(awk 'NR == FNR { at[$1] = NR; next } { for (i = 2; i <= NF; i++) if (!($i in at) || at[$i] >= at[$1]) print $1 " needs " $i }' \
	<(echo "$cases") <(driverctl conformance --list | sed -n 's/^\([^ ]*\) .* needs \(.*\)/\1 \2/p'))
is "$late" "" "cases come behind those that they need"

done_testing
