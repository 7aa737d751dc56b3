#!/bin/sh
# Email templates: in and out, created and changed; numbers in JSON. Their variables, and what they say with them.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
cat >templates.jsonl <<'JSON'
{"kind": "email_template", "template": "welcome_email", "from": "", "subject": "Welcome", "syntax": "liquid", "body": "<p>\n\t\"{{ user.email | escape }}\" \\ ü 😀</p>\n", "enabled": false, "resultUrl": "https://example.com/welcome", "urlLifetimeInSeconds": 3600, "includeEmailInRedirect": true}
{"kind": "email_template", "template": "reset_email", "from": "no-reply@example.com", "subject": "", "body": "", "urlLifetimeInSeconds": 18446744073709551615, "kept": [1.0, null]}
{"kind": "email_template", "template": "user_invitation", "from": "", "subject": "", "body": "", "urlLifetimeInSeconds": 0}
JSON
expect 'load' 0 '^email_template +3$' "$orgdb" load small.orgdb templates.jsonl
"$orgdb" dump --kind email_template small.orgdb >dumped.jsonl
check 'dump gives the same bytes' cmp templates.jsonl dumped.jsonl
expect 'stat counts them' 0 '^email_template +3$' "$orgdb" stat small.orgdb
expect 'list' 0 '^welcome_email +Welcome$' "$orgdb" list small.orgdb email_template
expect 'get' 0 '^\{"kind": "email_template", "template": "user_invitation", .*"urlLifetimeInSeconds": 0\}$' \
	"$orgdb" get small.orgdb email_template user_invitation
expect 'check' 0 '^clean' "$orgdb" check small.orgdb

# refused NAME PATTERN LIFETIME: a template with it.
refused() {
	expect "$1" 1 "$2" "$orgdb" create small.orgdb email_template \
		"{\"template\": \"verify_email\", \"from\": \"\", \"subject\": \"\", \"body\": \"\", \"urlLifetimeInSeconds\": $3}"
}
refused 'a number below 0' 'email_template.urlLifetimeInSeconds: expected a whole number .*got the number -1' -1
refused 'a fraction' 'email_template.urlLifetimeInSeconds: expected a whole number .*got the number 1.5' 1.5
refused 'a text' 'email_template.urlLifetimeInSeconds: expected a whole number .*got the text "60"' '"60"'
refused 'a number of 65 bits' 'urlLifetimeInSeconds: expected a whole number|too large' 18446744073709551616
expect 'a name that no template has' 1 'email_template.template must be the name of an email template' \
	"$orgdb" create small.orgdb email_template template=welcome from= subject= body=
expect 'no body' 1 'email_template.body is required' "$orgdb" create small.orgdb email_template template=verify_email from= subject=
expect 'no name' 1 'email_template.template is required' "$orgdb" create small.orgdb email_template from= subject= body=

expect 'create' 0 '^created email_template verify_email$' "$orgdb" create small.orgdb email_template \
	template=verify_email from= 'subject={{ application.name }}' body=b enabled=true urlLifetimeInSeconds=60
expect 'a second one' 1 'another email_template has "verify_email" already' \
	"$orgdb" create small.orgdb email_template template=verify_email from= subject= body=
expect 'update' 0 '"enabled": false, "urlLifetimeInSeconds": 61\}$' \
	"$orgdb" update --json small.orgdb email_template verify_email enabled=false urlLifetimeInSeconds=61
expect 'null is the default' 0 '"urlLifetimeInSeconds": 432000\}$' \
	"$orgdb" update --json small.orgdb email_template verify_email urlLifetimeInSeconds:=null
"$orgdb" copy small.orgdb other.orgdb >/dev/null
"$orgdb" update other.orgdb email_template verify_email urlLifetimeInSeconds=1 >/dev/null
"$orgdb" diff small.orgdb other.orgdb >out 2>err
says 'diff' '"template": "verify_email", "before": \{"urlLifetimeInSeconds": 432000\}, "after": \{"urlLifetimeInSeconds": 1\}'
expect 'delete' 0 '^deleted email_template verify_email' "$orgdb" delete --yes small.orgdb email_template verify_email
"$orgdb" dump --kind email_template small.orgdb >dumped.jsonl
check 'the others stay' cmp templates.jsonl dumped.jsonl
expect 'load over them' 0 '^email_template +3' "$orgdb" load --upsert small.orgdb templates.jsonl
"$orgdb" dump --kind email_template small.orgdb >dumped.jsonl
check 'nothing has changed' cmp templates.jsonl dumped.jsonl

# context NAME WANTED OPTION...: the variables of an invitation to acme.
context() {
	name=$1 wanted=$2
	shift 2
	expect "$name" 0 '' "$orgdb" template-context small.orgdb "$@"
	printf '%s\n' "$wanted" >wanted
	cp out got
	check "$name: they are right" cmp wanted got
}
acme='"organization": {"id": "org_0000000000000001", "name": "acme", "display_name": "Acme, Inc."}'
context 'variables of nothing' '{}' welcome_email
context 'of an organization' "{$acme}" welcome_email --organization acme
context 'of everything' "{$acme, \"connection\": {\"name\": \"password\"}, \"user\": {\"email\": \"new@example.com\"}, \
\"custom_domain\": {\"domain\": \"d\", \"domain_metadata\": {\"a\": 1}}, \"tenant\": \"t\\\"\", \"url\": \"https://example.com/?a&b\", \
\"inviter\": {\"name\": \"Ü\"}, \"roles\": [{\"id\": \"rol_0000000000000002\", \"name\": \"reader\"}, {\"id\": \"rol_0000000000000001\", \
\"name\": \"admin\", \"description\": \"May do everything\"}], \"list\": [1, null], \"other\": \"a=b\"}" user_invitation \
	--organization org_0000000000000001 --connection password --email new@example.com --inviter Ü --role reader \
	--role rol_0000000000000001 --set url='https://example.com/?a&b' --set 'tenant=t"' --set code=left-out --set other=a=b \
	--set 'list:=[1, null]' --set custom_domain=d --set 'custom_domain_metadata:={"a": 1}'
"$orgdb" create small.orgdb role id=rol_0000000000000009 name=admin type=organization owner_id=org_0000000000000001 >/dev/null
context "of an organization's own role" "{$acme, \"roles\": [{\"id\": \"rol_0000000000000009\", \"name\": \"admin\"}, {\"id\": \
\"rol_0000000000000002\", \"name\": \"reader\"}]}" user_invitation --organization acme --role admin --role reader
expect 'its members get it by its name' 0 '^updated membership' "$orgdb" add-member small.orgdb acme 'auth0|000000000000000000000002' --role admin
expect 'not that of the tenant' 0 '"roles": \["rol_0000000000000009"\]' \
	"$orgdb" get small.orgdb membership acme 'auth0|000000000000000000000002'
context 'of a result URL' '{"application": {"name": "Portal", "clientID": "portal"}}' reset_email --application portal \
	--result-url --organization acme
expect 'on lines of their own' 0 '^    "name": "acme",$' "$orgdb" template-context small.orgdb welcome_email --organization acme --pretty
expect 'no such template' 1 'template must be the name of an email template, not "x"' "$orgdb" template-context small.orgdb x
expect 'no such organization' 1 'no organization has the name "x"' "$orgdb" template-context small.orgdb welcome_email --organization x
expect 'no such role' 1 'no role has the name "x"' "$orgdb" template-context small.orgdb user_invitation --organization acme --role x
expect 'no such user' 1 'no user has the user_id "x"' "$orgdb" template-context small.orgdb welcome_email --user x
expect 'an invitation without an organization' 1 'organization_id is required' "$orgdb" template-context small.orgdb user_invitation
expect 'a variable that is there already' 1 'extra must not hold "organization"' \
	"$orgdb" template-context small.orgdb welcome_email --organization acme --set organization=x
expect 'a variable twice' 1 'extra has the key "x" more than once' "$orgdb" template-context small.orgdb welcome_email --set x=1 --set x=2
expect 'a variable without a value' 2 "expected NAME=TEXT or NAME:=JSON, got 'x'" "$orgdb" template-context small.orgdb welcome_email --set x
expect 'without a name' 2 "expected NAME=TEXT or NAME:=JSON, got ':=1'" "$orgdb" template-context small.orgdb welcome_email --set :=1
expect 'no JSON' 2 'cannot read x as JSON: 1: ' "$orgdb" template-context small.orgdb welcome_email --set x:={
expect 'JSON for a text' 2 'url is a text; give it as url=TEXT' "$orgdb" template-context small.orgdb welcome_email --set url:=1
expect 'no text' 1 'must be .*UTF-8 text without NUL' "$orgdb" template-context small.orgdb welcome_email --set "tenant=$(printf '\377')"

mkdir empty
expect 'no engine' 3 'Ruby and its library Liquid' env PATH="$work/empty" "$orgdb" render small.orgdb welcome_email
says 'it names the packages' 'install ruby and ruby-liquid'
expect 'no template to render' 1 'no email_template has the template "mfa_oob_code"' "$orgdb" render small.orgdb mfa_oob_code
"$orgdb" update small.orgdb email_template reset_email syntax=other >/dev/null
expect 'no Liquid' 1 'its syntax is not liquid' "$orgdb" render small.orgdb reset_email
if have_liquid; then
	"$orgdb" update small.orgdb email_template welcome_email 'subject= {{ organization.display_name }}
		{{ x }} ' 'body={{ user.email | escape }}|{{ nothing }}' from='{{ tenant }}' resultUrl='{{ application.name }}{{ tenant }}' >/dev/null
	rendered() {
		name=$1 wanted=$2
		shift 2
		expect "$name" 0 '' "$orgdb" render small.orgdb welcome_email --organization acme --application portal \
			--email "<'\$(id)\`id\`;id #{1} %s \\n" --set 'x=a
b' --set tenant=-e "$@"
		printf '%s\n' "$wanted" >wanted
		cp out got
		check "$name: it is right" cmp wanted got
	}
	rendered 'a mail' "Subject: Acme, Inc. a b

&lt;&#39;\$(id)\`id\`;id #{1} %s \\n|"
	rendered 'its body' "&lt;&#39;\$(id)\`id\`;id #{1} %s \\n|" --part body
	rendered 'its sender' -e --part from
	rendered 'its result URL' Portal --part resultUrl
	"$orgdb" update small.orgdb email_template welcome_email 'body={% if %}' >/dev/null
	expect 'a bad template' 1 '^orgdb: welcome_email.body: Liquid syntax error' "$orgdb" render small.orgdb welcome_email
	"$orgdb" update small.orgdb email_template welcome_email "body=$(awk 'BEGIN { for (i = 0; i < 2000; i++) print "{{ user.email }} 0123456789 0123456789 0123456789" }')" >/dev/null
	expect 'a large one' 0 '^new@example.com 0123456789 ' "$orgdb" render small.orgdb welcome_email --email new@example.com --part body
	check 'all of it' test "$(wc -l <out)" -eq 2000
	check 'a pipe that closes early' sh -c "'$orgdb' render small.orgdb welcome_email 2>err | head -1 && ! grep -q Broken.*from err"
else
	skip 'mails' 'no ruby with liquid'
fi
finish
