#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Does what the README says, word for word, in a copy of the project and an empty home: runs its commands in their order,
# saves its program under the name that it gives, and compares what that prints. Only ./tools/test is left out, for who runs
# this runs that, too. May install what the README's commands install.
# usage: newcomer.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
limit=300 # Seconds, with everything to be installed.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
copy=$scratch/orgdb
mkdir "$copy" "$scratch/home"

files()
{
	if git rev-parse --show-toplevel >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
	else
		find . -type f ! -path './build/*' ! -path './.git/*'
	fi
}
(cd "$root" && files | tar -cf - -T -) | tar -xf - -C "$copy"
cd "$copy"

# block LANGUAGE: what the README holds in blocks of that language
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" README.md | sed '/^```/d'; }

block c >"$(sed -n 's/^Save it as `\([a-z.]*\)`.*/\1/p' README.md)"
block text >"$scratch/expected"
# What belongs to the install of a whole system is shown as "console".
block sh | sed '/^\.\/tools\/test/d' >"$scratch/commands"
grep -q '^\./login$' "$scratch/commands" || { echo 'the README has no ./login to run' && exit 1; }
sed -i 's|^\./login$|./login >"$output"|' "$scratch/commands"

begin=$(date +%s)
HOME=$scratch/home output=$scratch/output sh -eux "$scratch/commands" </dev/null
diff "$scratch/expected" "$scratch/output"
took=$(($(date +%s) - begin))
echo "from clone to a linked program in $took s"
[ "$took" -lt "$limit" ]
