#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each room of the library keeps to itself: only environment and kv know LMDB, only record knows msgpack-c, only memory knows
# malloc(), and nothing ends the process of the server that links it.
cd "$(dirname "$0")/.." || exit 1
result=0

# forbid WHAT PATTERN FILE...
forbid()
{
	what=$1 pattern=$2
	shift 2
	if grep -nE "$pattern" "$@" /dev/null; then
		echo "not ok: $what"
		result=1
	else
		echo "ok: $what"
	fi
}

# outside FILE...: all others.
outside()
{
	find include lib -name '*.[ch]' | grep -vE "/($(echo "$@" | tr ' ' '|'))$"
}

forbid 'LMDB stays in lib/environment and lib/kv' 'MDB_|mdb_|<lmdb\.h>' $(outside environment.c environment.h kv.c)
forbid 'msgpack-c stays in lib/record' 'msgpack_|MSGPACK_|<msgpack' $(outside record.c record.h)
forbid 'memory comes from lib/memory, which asks the hook' \
	'(^|[^_[:alnum:]])(malloc|calloc|realloc|aligned_alloc|posix_memalign|strn?dup|getline|v?asprintf|free) *\(' \
	$(find lib -name '*.[ch]' ! -name 'memory.[ch]')
forbid 'the library never ends the process' '(^|[^_[:alnum:]])(_?exit|quick_exit|abort) *\(' lib/*.c
forbid 'the library never prints' '(^|[^_[:alnum:]])(printf|puts|putchar|perror) *\(|stderr|stdout' lib/*.c
headers=$(cd lib && echo *.h | sed 's/\.h//g; s/ /|/g')
forbid 'the command, the benchmarks and the plain test programs use the public header alone' \
	"#include \"([^\"]*/)?($headers)\.h\"" tools/*.[ch] bench/*.c tests/model*.[ch] tests/stress_*.c tests/crash/*.[ch]

# Each call that takes a store or a transaction must meet the faults.
calls=$(tr -d '\n\t' <include/orgdb.h | grep -oE 'orgdb_[a-z_]+\((orgdb_txn \*txn|orgdb \*db|const char \*path)' | sed 's/(.*//')
for call in $calls; do
	case $call in *_fn) continue ;; esac # A function of the caller's.
	grep -qE "(^|[^[:alnum:]_])$call\(" tests/crash/operations.c tests/crash/faults.c && continue
	echo "not ok: $call has no place in tests/crash/operations.c"
	result=1
done
exit $result
