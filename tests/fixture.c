/*
 * The fixture of the tests.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <msgpack.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *test_directory;
const char *store_path;
orgdb *db;
orgdb_txn *txn;

/* Memory that lives as long as the test. */

struct kept {
	struct kept *next;
	max_align_t data[];
};

static struct kept *kept_list;

void *keep(size_t size)
{
	struct kept *block = malloc(sizeof(*block) + size);
	cr_assert_not_null(block, "out of memory");
	block->next = kept_list;
	kept_list = block;
	return block->data;
}

static void free_kept(void)
{
	while (kept_list) {
		struct kept *next = kept_list->next;
		free(kept_list);
		kept_list = next;
	}
}

const char *format(const char *template, ...)
{
	va_list arguments, again;
	va_start(arguments, template);
	va_copy(again, arguments);
	int size = vsnprintf(NULL, 0, template, arguments);
	char *text = keep((size_t)size + 1);
	vsnprintf(text, (size_t)size + 1, template, again);
	va_end(again);
	va_end(arguments);
	return text;
}

const char *repeat(const char *text, size_t times)
{
	size_t size = strlen(text);
	char *out = keep(size * times + 1);
	for (size_t i = 0; i < times; i++)
		memcpy(out + i * size, text, size);
	out[size * times] = '\0';
	return out;
}

const char *copy(orgdb_str text)
{
	return text.data ? format("%.*s", (int)text.size, text.data) : "(absent)";
}

const char *path_in_directory(const char *name)
{
	return format("%s/%s", test_directory, name);
}

size_t files_in_directory(void)
{
	size_t count = 0;
	DIR *directory = opendir(test_directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2; /* "." and ".." */
}

uint64_t file_size(const char *path)
{
	struct stat info;
	cr_assert_eq(stat(path, &info), 0, "%s", path);
	return (uint64_t)info.st_size;
}

/* Setting up and tearing down. */

static void remove_tree(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	while (directory && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		const char *child = format("%s/%s", path, entry->d_name);
		struct stat status;
		if (lstat(child, &status) == 0 && S_ISDIR(status.st_mode))
			remove_tree(child);
		else
			unlink(child);
	}
	if (directory)
		closedir(directory);
	rmdir(path);
}

void fixture_directory(void)
{
	const char *parent = getenv("ORGDB_TEST_DIR");
	if (!parent)
		parent = getenv("TMPDIR");
	char *path = (char *)format("%s/orgdb-test-%s", parent ? parent : "/tmp", repeat("X", 6));
	cr_assert_not_null(mkdtemp(path), "no directory like %s", path);
	test_directory = path;
	store_path = path_in_directory("test.orgdb");
}

void fixture_store(void)
{
	fixture_directory();
	open_store(NULL);
}

void fixture_writing(void)
{
	fixture_store();
	begin_write();
}

void fixture_close(void)
{
	close_store();
	remove_tree(test_directory);
	free_kept();
}

void skip(const char *reason)
{
	char text[200];
	snprintf(text, sizeof(text), "%s", reason); /* It may be kept memory. */
	fixture_close();
	fprintf(stderr, "skipped: %s\n", text);
	cr_skip_test("%s", text);
}

void open_store(const orgdb_options *options)
{
	/* Small: a memory checker may not have the address space of the default map. */
	static const orgdb_options small = {
		.size = sizeof(small), .map_size = 64 * MEBIBYTE, .row_cache_size = ORGDB_ROW_CACHE_SIZE
	};
	must(orgdb_open(store_path, options ? options : &small, &db));
}

void close_store(void)
{
	end();
	orgdb_close(db);
	db = NULL;
}

void begin_read(void)
{
	must(orgdb_begin_read(db, &txn));
}

void begin_write(void)
{
	must(orgdb_begin_write(db, &txn));
}

void commit(void)
{
	orgdb_txn *ending = txn;
	txn = NULL;
	must(orgdb_commit(ending));
}

void end(void)
{
	orgdb_end(txn);
	txn = NULL;
}

/* Other processes. */

/* What it waits for never comes; when the test ends, however it does, there is nobody left that could write. */
static void act_and_wait(bool (*act)(void), int ready, int never)
{
	char nothing;
	bool done = act();
	if (write(ready, done ? "y" : "n", 1) == 1 && read(never, &nothing, 1) == 0)
		_exit(0);
	_exit(1);
}

pid_t process_that(bool (*act)(void))
{
	int ready[2], never[2];
	char answer = 0;
	cr_assert_eq(pipe(ready), 0);
	cr_assert_eq(pipe(never), 0);
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		close(never[1]);
		act_and_wait(act, ready[1], never[0]);
	}
	close(ready[1]);
	close(never[0]); /* The other end is this process's as long as it lives. */
	cr_assert_eq(read(ready[0], &answer, 1), 1);
	cr_assert_eq(answer, 'y', "the other process failed");
	close(ready[0]);
	return child;
}

void end_process(pid_t process)
{
	cr_assert_eq(kill(process, SIGKILL), 0);
	cr_assert_eq(waitpid(process, NULL, 0), process);
}

static void print_problem(void *context, const orgdb_problem *problem)
{
	const char **first = context;
	if (!*first)
		*first = format("%s: %s", problem->table, problem->message);
}

void expect_sound_store(void)
{
	const char *first = NULL;
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.problem = print_problem;
	report.context = &first;
	int rc = orgdb_check(db, &report);
	cr_expect(rc == 0 && report.problems == 0, "the store is not sound: %s, %" PRIu64 " problems, the first: %s",
		orgdb_error_name(rc), report.problems, first ? first : "none");
}

void commit_and_check(void)
{
	commit();
	expect_sound_store();
	begin_read();
}

/* Values. */

static void pack(msgpack_packer *packer, json_t *json);

static void pack_text(msgpack_packer *packer, const char *text, size_t size)
{
	msgpack_pack_str(packer, size);
	msgpack_pack_str_body(packer, text, size);
}

static void pack_container(msgpack_packer *packer, json_t *json)
{
	if (json_is_array(json)) {
		msgpack_pack_array(packer, json_array_size(json));
		for (size_t i = 0; i < json_array_size(json); i++)
			pack(packer, json_array_get(json, i));
		return;
	}
	msgpack_pack_map(packer, json_object_size(json));
	for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
		const char *key = json_object_iter_key(at);
		pack_text(packer, key, strlen(key));
		pack(packer, json_object_iter_value(at));
	}
}

static void pack(msgpack_packer *packer, json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		pack_container(packer, json);
		break;
	case JSON_STRING:
		pack_text(packer, json_string_value(json), json_string_length(json));
		break;
	case JSON_INTEGER:
		msgpack_pack_int64(packer, json_integer_value(json));
		break;
	case JSON_REAL:
		msgpack_pack_double(packer, json_real_value(json));
		break;
	case JSON_TRUE:
		msgpack_pack_true(packer);
		break;
	case JSON_FALSE:
		msgpack_pack_false(packer);
		break;
	case JSON_NULL:
		msgpack_pack_nil(packer);
		break;
	}
}

/* Takes over the reference to `json`. */
static orgdb_value packed(json_t *json)
{
	msgpack_sbuffer buffer;
	msgpack_sbuffer_init(&buffer);
	msgpack_packer packer;
	msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
	pack(&packer, json);
	json_decref(json);
	void *data = keep(buffer.size);
	memcpy(data, buffer.data, buffer.size);
	orgdb_value value = { data, buffer.size };
	msgpack_sbuffer_destroy(&buffer);
	return value;
}

orgdb_value value_of_json(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	cr_assert_not_null(json, "%s in %s", error.text, text);
	return packed(json);
}

orgdb_value value_of_depth(size_t depth)
{
	json_t *json = json_object();
	while (--depth)
		json = json_pack("{s:o}", "m", json);
	return packed(json);
}

orgdb_value value_of_entries(size_t count, const char *text)
{
	json_t *json = json_object();
	for (size_t i = 0; i < count; i++)
		json_object_set_new(json, format("k%zu", i), json_string(text));
	return packed(json);
}

orgdb_value value_of_texts(size_t count, const char *prefix)
{
	json_t *json = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, json_string(format("%s-%zu", prefix, i)));
	return packed(json);
}

const char *show(orgdb_value value)
{
	if (!value.data)
		return "(absent)";
	char *text = keep(2000);
	text[0] = '\0';
	msgpack_unpacked unpacked;
	msgpack_unpacked_init(&unpacked);
	if (msgpack_unpack_next(&unpacked, value.data, value.size, NULL) == MSGPACK_UNPACK_SUCCESS)
		msgpack_object_print_buffer(text, 2000, unpacked.data);
	msgpack_unpacked_destroy(&unpacked);
	return text;
}

bool same_value(orgdb_value a, orgdb_value b)
{
	if (!a.data || !b.data)
		return a.data == b.data;
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Expectations. */

void must_at(const char *file, int line, const char *call, int rc)
{
	if (rc == 0)
		return;
	const orgdb_error_info *error = orgdb_last_error();
	cr_assert_fail("%s:%d: %s gave %s: [%s] %s", file, line, call, orgdb_error_name(rc), error->field, error->message);
}

void expect_error_at(const char *file, int line, const char *call, int rc, int code, const char *field)
{
	const orgdb_error_info *error = orgdb_last_error();
	cr_expect(rc == code, "%s:%d: %s gave %s, not %s: [%s] %s", file, line, call, orgdb_error_name(rc),
		orgdb_error_name(code), rc ? error->field : "", rc ? error->message : "");
	if (rc != code)
		return;
	cr_expect(error->code == rc, "%s:%d: %s: the last error's code is %d", file, line, call, error->code);
	cr_expect(error->message[0] != '\0', "%s:%d: %s: the last error has no message", file, line, call);
	cr_expect(strstr(error->field, field), "%s:%d: %s: the last error is about \"%s\", not \"%s\": %s", file, line,
		call, error->field, field, error->message);
}

void expect_text_at(const char *file, int line, const char *what, orgdb_str actual, const char *expected)
{
	cr_expect(orgdb_str_equal(actual, orgdb_string(expected)), "%s:%d: %s is \"%s\", not \"%s\"", file, line, what,
		copy(actual), expected ? expected : "(absent)");
}

void expect_value_at(const char *file, int line, const char *what, orgdb_value actual, orgdb_value expected)
{
	cr_expect(same_value(actual, expected), "%s:%d: %s is %s, not %s", file, line, what, show(actual), show(expected));
}

void expect_number_at(const char *file, int line, const char *what, uint64_t actual, uint64_t expected)
{
	cr_expect(actual == expected, "%s:%d: %s is %" PRIu64 ", not %" PRIu64, file, line, what, actual, expected);
}

/* Contents. */

const char *create_connection(const char *name, const char *strategy)
{
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string(name);
	connection.strategy = orgdb_string(strategy);
	orgdb_str id;
	must(orgdb_connection_create(txn, &connection, &id));
	return copy(id);
}

const char *create_application(const char *name)
{
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.name = orgdb_string(name);
	orgdb_str id;
	must(orgdb_application_create(txn, &application, &id));
	return copy(id);
}

const char *create_organization(const char *name)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string(name);
	orgdb_str id;
	must(orgdb_organization_create(txn, &organization, &id));
	return copy(id);
}

const char *create_user(const char *name)
{
	orgdb_user user = ORGDB_USER_INIT;
	const char *id = format("auth0|%s", name);
	user.user_id = orgdb_string(id);
	must(orgdb_user_create(txn, &user, NULL));
	return id;
}

const char *create_role(const char *name)
{
	return create_role_of(NULL, name);
}

const char *create_role_of(const char *organization_id, const char *name)
{
	orgdb_role role = ORGDB_ROLE_INIT;
	role.name = orgdb_string(name);
	role.owner_id = orgdb_string(organization_id);
	role.type = organization_id ? ORGDB_ROLE_OF_ORGANIZATION : ORGDB_ROLE_OF_TENANT;
	orgdb_str id;
	must(orgdb_role_create(txn, &role, &id));
	return copy(id);
}

const char *create_domain(const char *organization_id, const char *domain)
{
	orgdb_discovery_domain created = ORGDB_DISCOVERY_DOMAIN_INIT;
	created.organization_id = orgdb_string(organization_id);
	created.domain = orgdb_string(domain);
	created.status = ORGDB_DOMAIN_VERIFIED;
	orgdb_str id;
	must(orgdb_discovery_domain_create(txn, &created, &id));
	return copy(id);
}

const char *create_template(const char *subject)
{
	any_entity made = valid_entity(ORGDB_KIND_EMAIL_TEMPLATE, subject);
	must(orgdb_email_template_create(txn, &made.email_template, NULL));
	return copy(made.email_template.name);
}

void enable_for_application(const char *client_id, const char *connection_id)
{
	must(orgdb_application_connection_enable(txn, client_id, connection_id, NULL));
}

void enable_for_organization(const char *organization_id, const char *connection_id)
{
	must(orgdb_enabled_connection_create(txn, organization_id, connection_id, NULL));
}

void add_member(const char *organization_id, const char *user_id)
{
	must(orgdb_membership_add(txn, organization_id, user_id, NULL));
}

void assign_role(const char *organization_id, const char *user_id, const char *role_id)
{
	must(orgdb_member_role_assign(txn, organization_id, user_id, role_id));
}

void populate(void)
{
	static const char *const strategies[] = { "auth0", "google-oauth2", "samlp", "sms" };
	const char *connections[4], *applications[3], *organizations[5], *roles[3];
	create_template("Welcome");
	for (size_t i = 0; i < 4; i++)
		connections[i] = create_connection(format("connection-%zu", i), strategies[i]);
	for (size_t i = 0; i < 3; i++)
		applications[i] = create_application(format("application %zu", i));
	for (size_t i = 0; i < 3; i++)
		roles[i] = create_role(format("role %zu", i));
	for (size_t i = 0; i < 5; i++)
		organizations[i] = create_organization(format("organization-%zu", i));
	for (size_t i = 0; i < 5; i++) {
		create_role_of(organizations[i], "own role");
		create_domain(organizations[i], format("domain-%zu.example.com", i / 2));
	}
	for (size_t i = 0; i < 12; i++)
		if (i % 4 != i % 3)
			enable_for_application(applications[i % 3], connections[i % 4]);
	for (size_t i = 0; i < 20; i++)
		if (i % 4 != i % 5)
			enable_for_organization(organizations[i % 5], connections[i % 4]);
	for (size_t i = 0; i < 30; i++) {
		const char *user = create_user(format("user-%02zu", i));
		add_member(organizations[i % 5], user);
		add_member(organizations[(i + 1) % 5], user);
		assign_role(organizations[i % 5], user, roles[i % 3]);
	}
	for (size_t i = 0; i < 8; i++) {
		orgdb_invitation made = valid_invitation(organizations[i % 5], applications[i % 3]);
		made.connection_id = orgdb_string(i % 2 ? connections[i % 3] : NULL);
		made.roles = value_of_json(format("[\"%s\", \"%s\"]", roles[i % 3], roles[(i + 1) % 3]));
		made.created_at = orgdb_string(format("2020-01-%02zuT00:00:00Z", i + 1));
		made.ticket_id = orgdb_string(format("%032zu", i));
		must(orgdb_invitation_create(txn, &made, NULL));
	}
}

orgdb_statistics statistics(void)
{
	orgdb_statistics out;
	must(orgdb_stat(txn, &out));
	return out;
}

/* Any kind. */

const char *const email_templates[EMAIL_TEMPLATES] = { "verify_email", "verify_email_by_code", "auth_email_by_code",
	"reset_email", "reset_email_by_code", "welcome_email", "blocked_account", "stolen_credentials", "enrollment_email",
	"mfa_oob_code", "user_invitation", "async_approval", "change_password", "password_reset" };

static orgdb_email_template next_email_template(orgdb_str subject)
{
	orgdb_email_template made = ORGDB_EMAIL_TEMPLATE_INIT, found;
	size_t i = 0;
	while (i < EMAIL_TEMPLATES - 1 && orgdb_email_template_get(txn, email_templates[i], &found) == 0)
		i++;
	made.name = orgdb_string(email_templates[i]);
	made.from = orgdb_string("");
	made.subject = subject;
	made.body = orgdb_string("<p>{{ user.email }}</p>");
	return made;
}

orgdb_invitation valid_invitation(const char *organization_id, const char *client_id)
{
	orgdb_invitation made = ORGDB_INVITATION_INIT;
	made.organization_id = orgdb_string(organization_id);
	made.client_id = orgdb_string(client_id);
	made.inviter = VALUE({ "name" : "The board" });
	made.invitee = VALUE({ "email" : "clerk@example.com" });
	return made;
}

/* Who the invitations of valid_entity() are from; in a reader nothing happens. */
static void create_inviting(void)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	orgdb_application application = ORGDB_APPLICATION_INIT;
	organization.id = orgdb_string(INVITING);
	organization.name = orgdb_string("inviting");
	application.client_id = application.name = orgdb_string(INVITING_CLIENT);
	application.organization_usage = ORGDB_USAGE_ALLOW;
	(void)orgdb_organization_create(txn, &organization, NULL);
	(void)orgdb_application_create(txn, &application, NULL);
}

const char *create_invitation(const char *organization_id, const char *client_id)
{
	orgdb_invitation made = valid_invitation(organization_id, client_id);
	orgdb_str id;
	must(orgdb_invitation_create(txn, &made, &id));
	return copy(id);
}

any_entity valid_entity(uint32_t kind, const char *label)
{
	any_entity entity;
	memset(&entity, 0, sizeof(entity));
	orgdb_str text = orgdb_string(label);
	switch (kind) {
	case ORGDB_KIND_CONNECTION:
		entity.connection = (orgdb_connection)ORGDB_CONNECTION_INIT;
		entity.connection.name = text;
		entity.connection.strategy = orgdb_string("auth0");
		break;
	case ORGDB_KIND_APPLICATION:
		entity.application = (orgdb_application)ORGDB_APPLICATION_INIT;
		entity.application.name = text;
		break;
	case ORGDB_KIND_ROLE:
		entity.role = (orgdb_role)ORGDB_ROLE_INIT;
		entity.role.name = text;
		break;
	case ORGDB_KIND_USER:
		entity.user = (orgdb_user)ORGDB_USER_INIT;
		entity.user.name = text;
		break;
	case ORGDB_KIND_ORGANIZATION:
		entity.organization = (orgdb_organization)ORGDB_ORGANIZATION_INIT;
		entity.organization.name = text;
		break;
	case ORGDB_KIND_EMAIL_TEMPLATE:
		entity.email_template = next_email_template(text);
		break;
	case ORGDB_KIND_INVITATION:
		create_inviting();
		entity.invitation = valid_invitation(INVITING, INVITING_CLIENT);
		entity.invitation.invitation_url = text;
		break;
	default:
		cr_assert_fail("kind %u is no entity", kind);
	}
	return entity;
}

const orgdb_field *field_named(uint32_t kind, const char *name)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	cr_assert_not_null(schema, "kind %u has no schema", kind);
	for (size_t i = 0; i < schema->field_count; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return &schema->fields[i];
	cr_assert_fail("%s has no field %s", schema->name, name);
	return NULL;
}

orgdb_str *text_at(void *entity, const orgdb_field *field)
{
	return (orgdb_str *)((char *)entity + field->offset);
}

orgdb_value *value_at(void *entity, const orgdb_field *field)
{
	return (orgdb_value *)((char *)entity + field->offset);
}

bool *flag_at(void *entity, const orgdb_field *field)
{
	return (bool *)((char *)entity + field->offset);
}

uint32_t *choice_at(void *entity, const orgdb_field *field)
{
	return (uint32_t *)((char *)entity + field->offset);
}

uint64_t *number_at(void *entity, const orgdb_field *field)
{
	return (uint64_t *)((char *)entity + field->offset);
}

/* Disorder. */

uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

size_t *shuffled(size_t count, uint64_t seed)
{
	size_t *order = keep(count * sizeof(*order));
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count; i > 1; i--) {
		size_t j = next_random(&seed) % i;
		size_t swapped = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swapped;
	}
	return order;
}
