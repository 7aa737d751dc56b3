/*
 * SQLite with every failure checked; see sqlite_help.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sqlite_help.h"

static _Noreturn void fail_sqlite(sqlite3 *db)
{
	fail("SQLite: %s", sqlite3_errmsg(db));
}

void sqlite_run(sqlite3 *db, const char *statements)
{
	if (sqlite3_exec(db, statements, NULL, NULL, NULL) != SQLITE_OK)
		fail_sqlite(db);
}

sqlite3 *sqlite_open(const char *path)
{
	sqlite3 *db;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK)
		fail_sqlite(db);
	sqlite_run(db,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 0x7fff0000;"
		"PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;"
		"PRAGMA busy_timeout = 10000");
	return db;
}

void sqlite_durable(sqlite3 *db, bool durable)
{
	sqlite_run(db, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
}

sqlite3_stmt *sqlite_prepare(sqlite3 *db, const char *statement)
{
	sqlite3_stmt *prepared;
	if (sqlite3_prepare_v3(db, statement, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL) != SQLITE_OK)
		fail_sqlite(db);
	return prepared;
}

void sqlite_bind_view(sqlite3_stmt *statement, int place, const char *text, int size)
{
	sqlite3_bind_text(statement, place, text, size, SQLITE_STATIC);
}

bool sqlite_row(sqlite3 *db, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		fail_sqlite(db);
	return code == SQLITE_ROW;
}

void sqlite_do(sqlite3 *db, sqlite3_stmt *statement)
{
	if (sqlite_row(db, statement))
		fail("SQLite: a row where none was expected");
	sqlite3_reset(statement);
}

void sqlite_checkpoint(sqlite3 *db)
{
	if (sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
		fail_sqlite(db);
}
