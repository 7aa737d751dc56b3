/*
 * Files that appear whole or not at all: built under another name in the same folder, then given theirs.
 *
 * Knows nothing of what is in them. Nothing is ever replaced, and whatever fails leaves nothing behind.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ASIDE_H
#define ORGDB_ASIDE_H

/*
 * Let `build` make the file that it is given the path of, and sync it; then call it `path`.
 * What `build` fails with; ORGDB_EXISTS if something has that name, be it a broken link; or a system error.
 */
int orgdb__aside_make(const char *path, int (*build)(const char *aside, void *context), void *context);

/* The folder of a file; `folder` has room for PATH_MAX. */
void orgdb__folder_of(const char *path, char *folder);

/* Make the name of a file as durable as the file: sync its folder. One that must not be read, or cannot be synced at all, is
 * taken as it is. */
int orgdb__sync_folder(const char *path);

#endif
