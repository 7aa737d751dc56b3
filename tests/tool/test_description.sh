#!/bin/sh
# The command line: what the commands say about themselves is what they take, and the manual page and the shell's
# completion say the same.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
page=$(dirname "$orgdb")/share/orgdb.1
installed=$(dirname "$orgdb")/share/orgdb
commands=$("$orgdb" completion bash | sed -n "s/^_orgdb_commands='\(.*\) --help --version'/\1/p")

expect 'help' 0 '^exit status:' "$orgdb" --help
check 'help fits a terminal' sh -c "'$orgdb' --help | awk 'length > 80 { exit 1 }'"
expect 'short help' 0 '^usage: orgdb COMMAND' "$orgdb" -h
expect 'version' 0 '^orgdb [0-9]+\.[0-9]+\.[0-9]+$' "$orgdb" --version
expect 'no command' 2 'orgdb --help' "$orgdb"
expect 'an unknown command' 2 "no command 'lod'" "$orgdb" lod small.orgdb
says 'an unknown command points to --help' 'orgdb --help'
check 'there are commands' test "$(echo "$commands" | wc -w)" -ge 7
for command in $commands; do
	expect "help lists $command" 0 "^  $command +[a-z]" "$orgdb" --help
	expect "help of $command" 0 "^usage: orgdb $command " "$orgdb" "$command" --help
	says "help of $command has an example" '^examples:'
	check "help of $command fits a terminal" sh -c "'$orgdb' $command --help | awk 'length > 80 { exit 1 }'"
	expect "help of $command behind operands" 0 "^usage: orgdb $command " "$orgdb" "$command" a b c -h
	if [ "$command" != generate ]; then # which needs none
		expect "$command without operands" 2 "usage: orgdb $command " "$orgdb" "$command" --color=never
	fi
	expect "$command with an unknown option" 2 "unknown option '--nonsense'" "$orgdb" "$command" small.orgdb --nonsense
	expect "$command with an unknown letter" 2 "unknown option '-z'" "$orgdb" "$command" -zh small.orgdb
	expect "$command with a value too many" 2 "'--help=x' takes no value" "$orgdb" "$command" --help=x small.orgdb
	expect "$command with a wrong choice" 2 "color cannot be 'x'; expected auto, always or never" \
		"$orgdb" "$command" --color x
done
expect '--skip without a value' 2 "'--skip' needs a value" "$orgdb" load small.orgdb small.jsonl --skip
expect 'too many operands' 2 "no use for 'c'" "$orgdb" stat small.orgdb c
expect '-- ends the options' 3 '^orgdb: --skip: ' "$orgdb" stat -- --skip

# Colors
escape=$(printf '\033')
expect 'color if asked for' 0 "^$escape\[1musage:$escape\[0m" "$orgdb" stat --help --color=always
"$orgdb" stat --help >plain
check 'no color in a pipe' sh -c "! grep -q '$escape' plain"
if have_python; then
	on_terminal() { python3 "$here/terminal.py" "$@"; }
	on_terminal "$orgdb" stat --help >colored
	check 'color on a terminal' grep -q "^$escape\[1musage" colored
	NO_COLOR=1 on_terminal "$orgdb" stat --help >colored
	check 'never with NO_COLOR' sh -c "grep -q '^usage' colored && ! grep -q '$escape' colored"
	TERM=dumb on_terminal "$orgdb" stat --help >colored
	check 'nor on a dumb terminal' sh -c "grep -q '^usage' colored && ! grep -q '$escape' colored"
	on_terminal "$orgdb" stat --help --color=never >colored
	check 'nor when it is not wanted' sh -c "grep -q '^usage' colored && ! grep -q '$escape' colored"
	NO_COLOR='' on_terminal "$orgdb" stat new.orgdb >colored
	check 'messages too have color, also if NO_COLOR is empty' grep -q "^$escape\[1;31morgdb:$escape\[0m" colored
else
	skip 'colors on a terminal' 'no python3'
fi

# The manual page
check 'there is a manual page' test -s "$page"
check 'it is clean' mandoc -T lint -W warning "$page"
mandoc -T utf8 "$page" | sed "s/.$(printf '\b')//g" >manual
for command in $commands; do
	check "it has $command" grep -Eq "^   $command\$" manual
	"$orgdb" "$command" --help >help
	sed -n '/^options:/,/^examples:/s/^  \(--[^ ]*\).*/\1/p' help | sort -u >options
	check "help of $command has options" test -s options
	while read -r option; do
		if grep -Eq -e "(^| )$option( |\$)" manual; then pass "it has $option"; else fail "it has $option of $command" 'it does not'; fi
	done <options
done
for status in 0 1 2 3; do
	check "it has exit status $status" sh -c "sed -n '/^EXIT STATUS/,\$p' manual | grep -Eq '^     $status  '"
done

# Completion
"$orgdb" completion bash >script
check 'completion is installed as it is written' cmp script "$installed"
# offered WORD...: what bash offers for the last word.
offered() {
	bash -c '. ./script
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_orgdb orgdb "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
		echo "${COMPREPLY[@]}"' bash "$@" 2>&1
}
# completes WANTED WORD...
completes() {
	wanted=$1
	shift
	got=$(offered "$@")
	if [ "$got" = "$wanted" ]; then pass "completes '$*'"; else fail "completes '$*'" "to '$got'"; fi
}
completes 'load' orgdb loa
completes '--policy' orgdb lookup small.orgdb --po
completes 'organization' orgdb lookup --policy o
completes 'union organization intersection' orgdb lookup --policy =
completes 'intersection' orgdb lookup --policy = i
completes 'user' orgdb delete small.orgdb u
completes 'role' orgdb delete --color always small.orgdb r
completes 'role' orgdb delete --color = always small.orgdb r
completes '' orgdb delete small.orgdb user au
completes 'small.jsonl small.orgdb' orgdb load small
completes 'always' orgdb stat --color al
completes 'bash' orgdb completion ''
completes '' orgdb nonsense ''
check 'every command is known to it' test "$(offered orgdb '')" = "$commands --help --version"

# The same in a shell that somebody types into.
if have_python; then
	printf "PATH=%s:\$PATH PS1='ready> '\n. ./script\n" "$(dirname "$orgdb")" >rc
	python3 "$here/terminal.py" --expect 'ready> ' --answer "$(printf 'orgdb genera\t--help | head -1')" \
		--expect 'ready> ' --answer exit bash --rcfile rc --noprofile -i >out 2>err
	says 'bash completes what is typed' 'usage: orgdb generate '
else
	skip 'bash completes what is typed' 'no python3'
fi

# Examples
mkdir bin && ln -s "$orgdb" bin/orgdb
PATH=$work/bin:$PATH
for command in $commands; do
	rm -rf examples && mkdir examples && cp "$here/../../tools/sample.jsonl" examples/tenant.jsonl
	"$orgdb" load examples/acme.orgdb examples/tenant.jsonl >/dev/null
	"$orgdb" "$command" --help | sed '1,/^examples:/d; s/^  //; /^#/d' >examples/lines
	while read -r line; do
		if [ "$command" = render ] && ! have_liquid; then
			skip "example: $line" 'no ruby with liquid'
		elif (cd examples && bash -ec "$line") >out 2>err </dev/null; then
			pass "example: $line"
		else
			fail "example: $line" "ended with $?"
		fi
	done <examples/lines
done
finish
