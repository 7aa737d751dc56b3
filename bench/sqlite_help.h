/*
 * SQLite with every failure checked, and opened as fast as it can be without giving up durability: WAL, memory mapped,
 * statements prepared once, no mutexes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SQLITE_HELP_H
#define BENCH_SQLITE_HELP_H

#include <sqlite3.h>

#include "harness.h"

sqlite3 *sqlite_open(const char *path);
/* synchronous: OFF while a store is made, else FULL. */
void sqlite_durable(sqlite3 *db, bool durable);
void sqlite_run(sqlite3 *db, const char *statements);
sqlite3_stmt *sqlite_prepare(sqlite3 *db, const char *statement);
/* The text is only looked at, until the statement is reset. */
void sqlite_bind_view(sqlite3_stmt *statement, int place, const char *text, int size);
/* Step a statement that gives no rows, and reset it. */
void sqlite_do(sqlite3 *db, sqlite3_stmt *statement);
/* True if there is a row. */
bool sqlite_row(sqlite3 *db, sqlite3_stmt *statement);
/* Move the log into the file, so that the file's size tells what the data take. */
void sqlite_checkpoint(sqlite3 *db);

#endif
