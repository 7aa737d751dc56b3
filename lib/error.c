/*
 * Errors: the codes' names and texts, and this thread's last error.
 *
 * SPDX-License-Identifier: MIT
 */
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* Messages quote input, cut at some byte: control characters and what is not UTF-8 would garble logs and terminals. */
static void make_printable(char *text)
{
	for (size_t left = strlen(text), length; left > 0; text += length, left -= length) {
		length = utf8_sequence(text, left);
		if (length == 0 || (unsigned char)*text < 0x20 || *text == 0x7f) {
			*text = '?';
			length = 1;
		}
	}
}

static _Thread_local struct last_error last = { .info = { .field = "", .message = "" } };

static int PRINTF_LIKE(4, 0)
	record(int code, int system_error, const char *field, const char *format, va_list arguments)
{
	/* Formatted aside first: an argument may be part of the last message. */
	char message[sizeof(last.message)];
	vsnprintf(message, sizeof(message), format, arguments);
	make_printable(message);
	snprintf(last.field, sizeof(last.field), "%s", field);
	memcpy(last.message, message, sizeof(message));
	last.info = (orgdb_error_info){ code, system_error, last.field, last.message, ORGDB_RULE_NONE };
	return code;
}

int orgdb__fail(int code, const char *field, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	record(code, 0, field, format, arguments);
	va_end(arguments);
	return code;
}

int orgdb__fail_rule(uint32_t rule, const char *field, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	record(ORGDB_FORBIDDEN, 0, field, format, arguments);
	va_end(arguments);
	last.info.rule = rule;
	return ORGDB_FORBIDDEN;
}

int orgdb__fail_system(int code, int system_error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	record(code, system_error, "", format, arguments);
	va_end(arguments);
	size_t used = strlen(last.message);
	char reason[128];
	if (strerror_r(system_error, reason, sizeof(reason)) == 0)
		snprintf(last.message + used, sizeof(last.message) - used, ": %s", reason);
	return code;
}

int orgdb__code_of_errno(int system_error)
{
	switch (system_error) {
	case ENOENT:
		return ORGDB_NO_STORE;
	case EACCES:
	case EPERM:
		return ORGDB_PERMISSION;
	case EROFS:
		return ORGDB_READ_ONLY;
	case ENOSPC:
	case EDQUOT:
		return ORGDB_DISK_FULL;
	case ENOMEM:
		return ORGDB_NO_MEMORY;
	default:
		return ORGDB_IO;
	}
}

void orgdb__error_keep(struct last_error *kept)
{
	*kept = last;
}

/* The texts are where they were, so the views of them still hold. */
void orgdb__error_restore(const struct last_error *kept)
{
	last = *kept;
}

const orgdb_error_info *orgdb_last_error(void)
{
	return &last.info;
}

const char *orgdb_strerror(int code)
{
	switch (code) {
	case ORGDB_OK:
		return "success";
#define ERROR_TEXT(name, value, text, http) \
	case name:                              \
		return text;
		ORGDB_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
	default:
		return "unknown error";
	}
}

const char *orgdb_error_name(int code)
{
	switch (code) {
	case ORGDB_OK:
		return "ORGDB_OK";
#define ERROR_NAME(name, value, text, http) \
	case name:                              \
		return #name;
		ORGDB_ERRORS(ERROR_NAME)
#undef ERROR_NAME
	default:
		return "ORGDB_UNKNOWN";
	}
}

int orgdb_error_http_status(int code)
{
	switch (code) {
	case ORGDB_OK:
		return 200;
#define ERROR_HTTP(name, value, text, http) \
	case name:                              \
		return http;
		ORGDB_ERRORS(ERROR_HTTP)
#undef ERROR_HTTP
	default:
		return 500;
	}
}

/* ---- Error codes of the service ---------------------------------------------------------------------------------- */

/* What a failure is about, as far as the code depends on it; any field of an entity or an edge for NULL. */
static const struct {
	int code;
	const char *about;
	const char *service_code;
} service_codes[] = {
	{ ORGDB_INVALID, NULL, "invalid_body" },
	{ ORGDB_NOT_FOUND, "user", "inexistent_user" },
	{ ORGDB_NOT_FOUND, "application", "inexistent_client" },
	{ ORGDB_NOT_FOUND, "connection", "inexistent_connection" },
	{ ORGDB_NOT_FOUND, "invitation", "inexistent_invitation" },
	{ ORGDB_EXISTS, "organization", "organization_conflict" },
	{ ORGDB_EXISTS, "connection.name", "connection_conflict" },
};

/* Is a field this one, or one of this kind? */
static bool is_about(const char *field, const char *about)
{
	size_t size = strlen(about);
	return strncmp(field, about, size) == 0 && (field[size] == '\0' || field[size] == '.');
}

static bool is_about_a_kind(const char *field)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		if (is_about(field, orgdb_schema_of(kind)->name))
			return true;
	return false;
}

const char *orgdb_error_service_code(const orgdb_error_info *info)
{
	for (size_t i = 0; i < sizeof(service_codes) / sizeof(service_codes[0]); i++) {
		const char *about = service_codes[i].about;
		if (service_codes[i].code == info->code &&
			(about ? is_about(info->field, about) : is_about_a_kind(info->field)))
			return service_codes[i].service_code;
	}
	return "";
}

const char *orgdb_version(void)
{
	return ORGDB_VERSION;
}
