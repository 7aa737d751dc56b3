#!/bin/sh
# Email templates: in and out, created and changed; numbers in JSON.
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
finish
