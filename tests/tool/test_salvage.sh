#!/bin/sh
# Salvage: everything, a part or nothing of a damaged store, and what is said of it.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small

# A sound store
expect 'a sound store' 0 '^everything is saved$' "$orgdb" salvage small.orgdb new.orgdb
"$orgdb" dump new.orgdb >salvaged.jsonl
check 'everything is there' cmp small.jsonl salvaged.jsonl
check 'readable by its owner alone' test "$(stat -c %a new.orgdb)" = 600
rm -f new.orgdb*
expect 'users are counted' 0 '^  user +2 saved +0 lost$' "$orgdb" salvage small.orgdb new.orgdb
says 'so are roles of members' '^  role of a member +3 saved +0 lost$'
rm -f new.orgdb*

# A tenant with all kinds
"$orgdb" load sample.orgdb "$here/../../tools/sample.jsonl" >out 2>err || fail 'load the sample' "ended with $?"
"$orgdb" dump sample.orgdb >sample.jsonl
expect 'a tenant with all kinds' 0 '^everything is saved$' "$orgdb" salvage sample.orgdb new.orgdb
"$orgdb" dump new.orgdb >salvaged.jsonl
check 'all of them are there' cmp sample.jsonl salvaged.jsonl
rm -f new.orgdb*

# Nothing is replaced, and links are not followed
echo precious >taken
expect 'something is there' 3 'taken: cannot salvage to it: File exists' "$orgdb" salvage small.orgdb taken
check 'and stays' grep -q precious taken
ln -s nowhere new-link
expect 'a link that leads nowhere is there' 3 'File exists' "$orgdb" salvage small.orgdb new-link
check 'and nothing is where it leads' test ! -e nowhere
rm -f new-link

# No store
expect 'no such file' 3 'missing.orgdb: No such file' "$orgdb" salvage missing.orgdb new.orgdb
expect 'a text file' 3 'nothing in it can be salvaged' "$orgdb" salvage small.jsonl new.orgdb
mkdir folder
expect 'a folder' 3 'not a regular file' "$orgdb" salvage folder new.orgdb
: >empty
expect 'an empty file' 3 'nothing in it can be salvaged' "$orgdb" salvage empty new.orgdb
nothing_left 'and nothing is left behind'

# Damage, by what the file says of itself
if have_python; then
	cat >damage.py <<'END'
import sys
data = bytearray(open("small.orgdb", "rb").read())
number = lambda at, size: int.from_bytes(data[at:at + size], "little")
meta = 16 + 4096 * (number(4096 + 144, 8) > number(144, 8))
tables = number(meta + 112, 8) * 4096
def root(name):
    for i in range((number(tables + 12, 2) - 16) // 2):
        at = tables + number(tables + 16 + 2 * i, 2)
        if data[at + 8:at + 8 + number(at + 6, 2)] == name.encode():
            return number(at + 8 + number(at + 6, 2) + 40, 8) * 4096
def zero(at):
    data[at:at + 4096] = bytes(4096)
what = sys.argv[1]
if what == "metas":
    zero(0), zero(4096)
elif what == "meta":
    zero(meta - 16)
elif what == "tables":
    zero(tables)
elif what == "text":
    data[:] = data.replace(b"user-01@", b"user-01\0")
elif what == "cut":
    del data[3 * 4096:]
else:
    zero(root(what))
open("damaged.orgdb", "wb").write(data)
END
	damaged() { rm -f new.orgdb* damaged.orgdb*; python3 damage.py "$1"; }
	sound() { check "$1: what is saved is sound" "$orgdb" check new.orgdb; }

	damaged users
	expect 'a page of users' 1 '^users: user "auth0\|000000000000000000000001" is lost$' "$orgdb" salvage damaged.orgdb new.orgdb
	says 'their number' '^  user +0 saved +2 lost$'
	says 'and that of their memberships' '^  membership +0 saved +3 lost$'
	says 'while organizations are saved' '^  organization +2 saved +0 lost$'
	sound 'a page of users'

	damaged edges
	expect 'a page of memberships' 1 '^edges: page [0-9]+: ' "$orgdb" salvage damaged.orgdb new.orgdb
	says 'their number is known all the same' '^  membership +0 saved +3 lost$'
	says 'while what is in hot rows is saved' '^  enabled_connection +2 saved +0 lost$'
	sound 'a page of memberships'

	damaged unique
	expect 'the index' 1 '^unique: 20 of 20 rows are missing$' "$orgdb" salvage damaged.orgdb new.orgdb
	"$orgdb" dump new.orgdb >salvaged.jsonl
	check 'which is made anew' cmp small.jsonl salvaged.jsonl
	sound 'the index'

	damaged tables
	expect 'the table of tables' 1 'or more$' "$orgdb" salvage damaged.orgdb new.orgdb
	"$orgdb" dump new.orgdb >salvaged.jsonl
	check 'without which everything is found' cmp small.jsonl salvaged.jsonl
	sound 'the table of tables'

	damaged text
	expect 'a text that is none' 1 '^users: page [0-9]+: 1 of its rows make no sense$' "$orgdb" salvage damaged.orgdb new.orgdb
	says 'costs one user' '^  user +1 saved +1 lost$'
	sound 'a text that is none'

	damaged meta
	expect 'the newer meta page' 3 'a meta page is damaged' "$orgdb" salvage damaged.orgdb new.orgdb
	expect 'the newer meta page, with doubts' 1 'a meta page is damaged' "$orgdb" salvage --doubtful damaged.orgdb new.orgdb
	"$orgdb" dump new.orgdb >salvaged.jsonl
	check 'what came after the older one' cmp small.jsonl salvaged.jsonl
	damaged metas
	expect 'both meta pages' 3 'nothing in it can be salvaged' "$orgdb" salvage damaged.orgdb new.orgdb
	says 'and what might help' "'--doubtful' also takes"
	nothing_left 'and nothing is left behind of both'
	expect 'both meta pages, with doubts' 1 '^a part is saved$' "$orgdb" salvage --doubtful damaged.orgdb new.orgdb
	says 'users are saved' '^  user +2 saved +0 lost, or more$'
	sound 'both meta pages, with doubts'

	damaged cut
	expect 'nearly all cut off' 3 'nothing in it can be salvaged' "$orgdb" salvage damaged.orgdb new.orgdb
	nothing_left 'and nothing is left behind of that'
else
	skip 'damage' 'python3 is not here'
fi
finish
