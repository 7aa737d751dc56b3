# What the tests of the command share. Sourced with the binary and the data folder as $1 and $2.
# Every test prints one line; the last line of a script is the count.
# SPDX-License-Identifier: MIT
orgdb=$1
data=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM HUP
cd "$work" || exit 2

passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); echo "ok   $1"; }
skip() { skipped=$((skipped + 1)); echo "SKIP $1: $2"; }
fail() {
	failed=$((failed + 1))
	echo "FAIL $1: $2"
	[ -s out ] && sed 's/^/     out: /' out | cut -c 1-300 | head -5
	[ -s err ] && sed 's/^/     err: /' err | cut -c 1-300 | head -5
	:
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

# check NAME COMMAND...: passes if the command succeeds.
check() {
	check_name=$1
	shift
	if "$@" >out 2>err; then pass "$check_name"; else fail "$check_name" "'$*' ended with $?"; fi
}

# says NAME PATTERN: passes if the last command wrote PATTERN, an extended regular expression, to either output.
says() {
	if cat out err | grep -Eq -e "$2"; then pass "$1"; else fail "$1" "nothing matches: $2"; fi
}

# expect NAME STATUS PATTERN COMMAND...: passes if the command ends with STATUS and writes PATTERN, and if it fails not
# without a message.
expect() {
	expect_name=$1 expect_status=$2 expect_pattern=$3
	shift 3
	"$@" >out 2>err
	expect_got=$?
	if [ "$expect_got" -ne "$expect_status" ]; then
		fail "$expect_name" "ended with $expect_got, not $expect_status"
	elif [ "$expect_status" -ne 0 ] && ! grep -q '^orgdb: ' err; then
		fail "$expect_name" "says nothing on standard error"
	else
		says "$expect_name" "$expect_pattern"
	fi
}

# nothing_left NAME: passes if no store, lock file or folder is there with the prefix "new".
nothing_left() {
	if ls -d new* >out 2>err; then fail "$1" "was left behind"; else pass "$1"; fi
}

# A store with a little of everything, and the same as JSON Lines, in the style of a dump.
make_small() {
	cat >small.jsonl <<'END'
{"kind": "connection", "id": "con_0000000000000001", "name": "password", "strategy": "auth0"}
{"kind": "connection", "id": "con_0000000000000002", "name": "google", "strategy": "google-oauth2", "show_as_button": true}
{"kind": "connection", "id": "con_0000000000000003", "name": "acme-saml", "strategy": "samlp", "display_name": "Acme", "options": {"signInEndpoint": "https://idp.example.com/"}}
{"kind": "application", "client_id": "portal", "name": "Portal", "organization_usage": "allow"}
{"kind": "application_connection", "client_id": "portal", "connection_id": "con_0000000000000001"}
{"kind": "application_connection", "client_id": "portal", "connection_id": "con_0000000000000002"}
{"kind": "user", "user_id": "auth0|000000000000000000000001", "email": "user-01@example.com", "email_verified": true}
{"kind": "user", "user_id": "auth0|000000000000000000000002", "name": "User 02", "user_metadata": {"theme": "dark"}}
{"kind": "organization", "id": "org_0000000000000001", "name": "acme", "display_name": "Acme, Inc."}
{"kind": "organization", "id": "org_0000000000000002", "name": "initech"}
{"kind": "role", "id": "rol_0000000000000001", "name": "admin", "description": "May do everything"}
{"kind": "role", "id": "rol_0000000000000002", "name": "reader"}
{"kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000002", "assign_membership_on_login": true}
{"kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000003", "show_as_button": false, "organization_access_level": "limited", "organization_connection_name": "acme-idp"}
{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000001", "roles": ["rol_0000000000000001", "rol_0000000000000002"]}
{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000002"}
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|000000000000000000000001", "roles": ["rol_0000000000000002"]}
END
	rm -f small.orgdb small.orgdb-lock
	"$orgdb" load small.orgdb small.jsonl >out 2>err || { fail "load the small store" "ended with $?"; finish; }
}

# Make other COMMAND... run a command as somebody who is not root, the binary too; false if that cannot be.
be_other() {
	if [ "$(id -u)" -ne 0 ]; then
		other() { "$@"; }
	elif command -v setpriv >/dev/null 2>&1 && cp "$orgdb" "$work/orgdb" && chmod 755 "$work" "$work/orgdb" &&
		setpriv --reuid=65534 --regid=65534 --clear-groups "$work/orgdb" --version >/dev/null 2>&1; then
		other() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
		orgdb=$work/orgdb
	else
		return 1
	fi
}

have_liquid() { ruby -rliquid -e "" >/dev/null 2>&1; }
have_python() { command -v python3 >/dev/null 2>&1; }
