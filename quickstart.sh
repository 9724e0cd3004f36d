#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# From a bare Debian and this checkout to a running container, or to a passed test suite.
set -euo pipefail

usage() {
	cat <<'EOF'
./quickstart.sh                          install what is missing, build, show a container
./quickstart.sh run [OPTIONS] -- CMD     the same set-up, then `driverctl run` with your command
./quickstart.sh --driver NAME run ...    by another driver: lxc, hcs-stub
./quickstart.sh check                    the same set-up, then the whole test suite
./quickstart.sh check-cgroup2            the same, then root tests on a kernel with cgroup v2 alone, in qemu
./quickstart.sh check-cgroup2-short      those of them that have most to do with cgroups

EXD_TEST_MUST_WORK=1   makes every skipped test a failed one
EXD_TEST_JOBS=N        runs N test programs at once (default 1)
EOF
}

src=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$src/build
log=$build/quickstart.log

# Package, and what it is for. The second list only matters to the test suite.
build_packages=(
	'gcc            compiles the library, the driver and driverctl'
	'libc6-dev      headers of the C library and the kernel'
	'musl-tools     makes the static monitor small and quick to start'
	'make           runs the build'
	'autoconf       makes configure'
	'automake       makes the Makefile templates'
	'libtool        builds shared libraries'
	'pkg-config     finds the libraries below'
	'libconfig-dev  reads execdriver.conf'
	'libjson-c-dev  reads and writes state records'
	'libcap-dev     knows the capabilities by name'
	'libseccomp-dev compiles the built-in system call filter'
	'lxc-dev        makes the lxc driver, whose worker links liblxc'
)
check_packages=(
	'check          runs the C tests'
	'g++            compiles the headers as C++'
	'mandoc         checks the manual'
	'python3        is run in a container by a test'
	'redis-server   is run in a container by a test'
	'redis-tools    talks to it through exec'
	'uidmap         maps ranges of ids for an ordinary user in a test'
	'xz-utils       packs the tarball of make distcheck'
	'zsh            checks its completion of driverctl'
)
guest_packages=(
	'qemu-system-x86 boots the kernel of make check-cgroup2'
)

say() {
	echo "quickstart: $*" >&2
}

die() {
	say "$*"
	exit 1
}

# step WHAT COMMAND [ARG...]: output goes to the log, whose end is shown on failure.
step() {
	local what=$1
	shift
	echo "--- $what: $*" >>"$log"
	"$@" >>"$log" 2>&1 </dev/null && return
	tail -n 30 "$log" >&2
	die "$what failed; everything it said is in $log"
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || :)" = installed ]
}

install_missing() {
	local line name why enabled missing=()
	for line in "$@"; do
		read -r name why <<<"$line"
		is_installed "$name" && continue
		[ ${#missing[@]} -gt 0 ] || say "installing what is missing:"
		missing+=("$name")
		printf '  %-16s %s\n' "$name" "$why" >&2
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "only root can install: apt-get install ${missing[*]}"
	step "apt-get update" apt-get -q update
	enabled=$(enabled_units)
	forbid_daemons
	step "apt-get install" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install "${missing[@]}"
	allow_daemons
	disable_other_than "$enabled"
}

# A server that comes with a package is for the tests to start, not for this host: Debian asks
# policy-rc.d before it starts one. A policy that is there already stays.
policy=/usr/sbin/policy-rc.d
our_policy=

forbid_daemons() {
	[ ! -e "$policy" ] || return 0
	our_policy=$policy
	trap allow_daemons EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

allow_daemons() {
	[ -z "$our_policy" ] || rm -f "$our_policy"
	our_policy=
}

# Nor with the next boot, which is what Debian enables it for: redis, the bridge of lxc. Packages take
# a link that is gone for the will of the administrator; there may be no systemctl to say it with.
enabled_units() {
	find /etc/systemd/system -path '*.wants/*.service' -printf '%f\n' 2>/dev/null | sort -u
}

disable_other_than() {
	local unit
	for unit in $(comm -13 <(echo "$1") <(enabled_units)); do
		echo "--- disable $unit" >>"$log"
		find /etc/systemd/system -path "*.wants/$unit" -delete
	done
}

needs_autogen() {
	[ ! -x "$src/configure" ] && return
	[ -n "$(find "$src"/configure.ac "$src"/Makefile.am "$src"/autogen.sh \
		"$src"/*/Makefile.inc.am "$src"/drivers/*/Makefile.inc.am "$src"/tests/*/Makefile.inc.am \
		-newer "$src/configure" -print -quit)" ]
}

# What configure depends on besides its own files: the packages that are there, and who runs it.
surroundings() {
	local line names=()
	for line in "${build_packages[@]}" "${check_packages[@]}"; do
		names+=("${line%% *}")
	done
	id -u
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${names[@]}" 2>/dev/null || :
}

build_all() {
	if needs_autogen; then
		say "making configure"
		step autogen.sh "$src/autogen.sh"
	fi
	cd "$build"
	if [ ! -f Makefile ] || [ "$(surroundings)" != "$(cat configured-for 2>/dev/null)" ]; then
		say "configuring in $build"
		step configure "$src/configure"
		surroundings >configured-for
	fi
	[ -x driverctl/driverctl ] || say "building"
	step make make "-j$(nproc)"
	cd "$OLDPWD"
}

show_container() {
	local code=0
	echo "The same questions, asked on this host and in a container with 64 MB, 32 processes,"
	echo "a root file system of its own and no network:"
	echo
	# shellcheck disable=SC2016
	local questions='
		echo "  host name       $(uname -n)"
		echo "  my pid          $$"
		set -- /proc/[0-9]*; echo "  processes seen  $#"
		set -- /sys/class/net/*; echo "  network         ${*##*/}"
		echo "  capabilities    $(sed -n "s/^CapEff:.//p" /proc/self/status)"
		echo "  in /root        $(ls -A /root | wc -l) files"
		touch /usr/here 2>/dev/null && { echo "  /usr            writable"; rm -f /usr/here; } ||
			echo "  /usr            read-only"'
	echo "on the host"
	sh -c "$questions"
	echo "in the container: driverctl run --best-effort --hostname box -m 64m --pids-limit 32 -- sh -c '...; exit 42'"
	driverctl run --best-effort --hostname box -m 64m --pids-limit 32 -- sh -c "$questions; exit 42" || code=$?
	echo
	[ "$code" = 42 ] || die "driverctl ended with $code instead of the program's 42"
	echo "It ended with the program's own exit code, 42, and left nothing behind. Yours:"
	echo "  ./quickstart.sh run -- sh"
}

# driverctl as built, with the configuration of the build tree.
driverctl() {
	EXD_CONFIG=$build/tests/execdriver.conf "$build/driverctl/driverctl" "$@"
}

run_suite() {
	local out=$build/check.out code=0
	say "building the tests"
	step "make check" make -C "$build" "-j$(nproc)" check TESTS=
	make -C "$build" --no-print-directory "-j${EXD_TEST_JOBS:-1}" check VERBOSE=1 AM_COLOR_TESTS=no </dev/null 2>&1 |
		tee "$out" || code=$?
	# Totals as automake prints them; a case that ended wrongly (ERROR, XPASS) has failed.
	awk -v code="$code" '
		/^# (PASS|SKIP|XFAIL|FAIL|XPASS|ERROR): / { n[substr($2, 1, length($2) - 1)] = $3; seen = 1 }
		END {
			failed = n["FAIL"] + n["ERROR"] + n["XPASS"]
			if (!seen)
				print "quickstart: the suite ended before its totals"
			if (failed == 0 && code != 0)
				failed = 1
			printf "%d passed, %d failed, %d skipped\n", n["PASS"], failed, n["SKIP"] + n["XFAIL"]
			exit failed != 0 || n["PASS"] == 0
		}' "$out"
}

main() {
	local verb=${1-}
	case $verb in
	-h | --help)
		usage
		return
		;;
	'' | run | check | check-cgroup2 | check-cgroup2-short) ;;
	--driver | --driver=*) verb=run ;;
	*)
		usage >&2
		die "unknown argument '$verb'"
		;;
	esac
	mkdir -p "$build"
	: >"$log"
	install_missing "${build_packages[@]}"
	case $verb in
	check) install_missing "${check_packages[@]}" ;;
	check-cgroup2*) install_missing "${check_packages[@]}" "${guest_packages[@]}" ;;
	esac
	build_all
	case $verb in
	'') show_container ;;
	run) driverctl "$@" ;;
	check) run_suite ;;
	check-cgroup2*) make -C "$build" --no-print-directory "$verb" </dev/null ;;
	esac
}

main "$@"
