/*
 * Judging a file before LMDB maps and trusts it: LMDB believes what a file says of itself, and a process that reads past a
 * file's end through a map dies.
 *
 * Looked at: that it is a regular file, both meta pages, and that no page that may be read is missing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_FILE_H
#define ORGDB_FILE_H

/* 0; ORGDB_NOT_A_STORE, ORGDB_VERSION_MISMATCH, ORGDB_CORRUPT or a system error. */
int orgdb__file_judge(const char *path);

#endif
