#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Stores of every format that was ever released open, are sound, hold what they held and can be changed: sh test.sh ORGDB
# One of a format to come is refused and says which version it takes.
stores=$(cd "$(dirname "$0")" && pwd)
set -- "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")" ''
. "$stores/../tool/common.sh"

for golden in "$stores"/format-*.orgdb; do
	name=$(basename "$golden" .orgdb)
	cp "$golden" golden.orgdb
	chmod 600 golden.orgdb
	expect "$name is sound" 0 '^clean: [0-9]+ entries checked$' "$orgdb" check golden.orgdb
	expect "$name says its format" 0 "^format version +${name#format-}$" "$orgdb" stat golden.orgdb
	check "$name dumps" "$orgdb" dump golden.orgdb
	cp out dumped.jsonl
	check "$name holds what it held" cmp dumped.jsonl "$stores/$name.jsonl"
	printf '{"kind": "role", "name": "one-more"}\n' >more.jsonl
	check "$name takes more" "$orgdb" load golden.orgdb more.jsonl
	expect "$name gives something away" 0 'org_' "$orgdb" delete --yes golden.orgdb organization \
		"$(sed -n 's/^{"kind": "organization", "id": "\([^"]*\)".*/\1/p' dumped.jsonl | head -1)"
	expect "$name is sound after that" 0 '^clean: [0-9]+ entries checked$' "$orgdb" check golden.orgdb
	rm -f golden.orgdb golden.orgdb-lock
done

# newer BYTE...: in every copy of the row "format" let bytes of its value say 99. They are: 0 the version that wrote the
# store, 4 the least that may read it, 8 the least that may write it.
newest=$(ls "$stores"/format-*.orgdb | tail -1)
newer() {
	cp "$newest" newer.orgdb
	chmod 600 newer.orgdb
	for row in $(grep -abo 'format' newer.orgdb | cut -d: -f1); do
		for byte; do
			printf '\143' | dd of=newer.orgdb bs=1 seek=$((row + 6 + byte)) conv=notrunc 2>dd || cat dd
		done
	done
}
newer 0
expect 'a newer format that changes nothing for us is read' 0 '^format version +99$' "$orgdb" stat newer.orgdb
newer 0 8
expect 'a newer format that only readers understand is read' 0 '^clean: ' "$orgdb" check newer.orgdb
expect 'but not written' 3 'to write this store takes a library of format version 99' "$orgdb" load newer.orgdb more.jsonl
newer 0 4 8
expect 'a newer format is refused' 3 'to read this store takes a library of format version 99' "$orgdb" dump newer.orgdb
finish
