# SPDX-License-Identifier: MIT
#
# What the scripts share: one line for each step, and installing what is missing. To be sourced, after `root` is set to
# the project's folder. Nothing here reads standard input.

log=$(mktemp)
jobs=$(nproc 2>/dev/null || echo 2)

# cleanup: what a script adds to be done at its end, however it ends.
cleanup() { :; }
trap 'cleanup; rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP

# fail WHY...: stop, saying why.
fail()
{
	for line; do
		printf '%s\n' "$line" >&2
	done
	exit 1
}

# step NAME COMMAND...: run the command; one line if it works, the end of its output if it does not.
step()
{
	step_name=$1
	step_start=$(date +%s)
	shift
	printf '%-40s' "$step_name"
	if "$@" >"$log" 2>&1 </dev/null; then
		printf 'ok, %s s\n' $(($(date +%s) - step_start))
		return
	fi
	printf 'FAILED\n\n'
	tail -n 40 "$log" | sed 's/^/    /'
	fail '' "This failed: $step_name"
}

# need PACKAGE CHECK...: remember the package of Debian as missing unless the check succeeds.
need()
{
	need_package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $need_package"
}

module() { pkg-config --exists "$@"; }
msgpack_module() { module msgpack-c || module msgpackc || module msgpack; }
compiles() { printf '%s\n' "$3" | "$1" -fsyntax-only -x "$2" -; }
links_sanitized() { echo 'int main(void) { return 0; }' | clang -fsanitize=address,undefined -x c - -o /dev/null; }

# What each purpose needs, and how to see that it is there, whatever system it is.
need_for()
{
	case $1 in
	build)
		need gcc command -v cc
		need libc6-dev compiles cc c '#include <stdio.h>'
		need make command -v make
		need cmake command -v cmake
		need pkg-config command -v pkg-config
		need liblmdb-dev module lmdb
		need libmsgpack-dev msgpack_module
		need libjansson-dev module jansson
		;;
	test)
		need g++ compiles c++ c++ '#include <cstdio>'
		need libcriterion-dev module criterion
		need python3 python3 -c 'import json'
		need mandoc command -v mandoc
		need doxygen command -v doxygen
		need abigail-tools command -v abidw
		need dpkg-dev command -v dpkg-shlibdeps
		need file command -v file
		need bash command -v bash
		need lmdb-utils command -v mdb_dump
		need ruby command -v ruby
		need ruby-liquid ruby -rliquid -e ""
		;;
	sanitize)
		need clang command -v clang
		need libclang-rt-14-dev links_sanitized
		;;
	bench)
		need libsqlite3-dev module sqlite3
		need uthash-dev compiles cc c '#include <uthash.h>'
		;;
	bench-more)
		need librocksdb-dev compiles cc c '#include <rocksdb/c.h>'
		need gnuplot-nox command -v gnuplot
		;;
	lint)
		need clang-tidy-14 command -v run-clang-tidy-14
		need cppcheck command -v cppcheck
		need valgrind command -v valgrind
		need gcovr command -v gcovr
		;;
	format)
		need clang-format-14 command -v clang-format-14
		;;
	esac
}

missing_for()
{
	missing=
	for purpose; do
		need_for "$purpose"
	done
}

# apt-get as root. Package lists are only fetched when the ones that are there do not do.
apt_install()
{
	set -- $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=120
	"$@" install $missing || { "$@" update && "$@" install $missing; }
}

# install_for PURPOSE...: install what the purposes need and the machine lacks.
install_for()
{
	missing_for "$@"
	[ -n "$missing" ] || return 0
	by_hand="apt-get update && apt-get install -y --no-install-recommends$missing"
	command -v apt-get >/dev/null || fail "orgdb needs what Debian calls:$missing" "Install these, then run this again."
	if [ "$(id -u)" = 0 ]; then
		as_root=
	elif sudo -n true 2>/dev/null; then
		as_root='sudo -n'
	elif command -v sudo >/dev/null && [ -t 0 ] && sudo -v; then
		as_root=sudo
	else
		fail "These packages are missing:$missing" 'Installing them takes root rights. As root, run:' '' "    $by_hand" ''
	fi
	echo "Missing here:$missing"
	step 'installing them' apt_install
	missing_for "$@"
	[ -z "$missing" ] || fail "Installed, but still not usable:$missing"
}

# build PRESET: configure and build it.
build()
{
	cd "$root"
	cmake --preset "$1" && cmake --build --preset "$1" --parallel "$jobs"
}
