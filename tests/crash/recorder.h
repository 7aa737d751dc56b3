/*
 * A recorder of all that is written to the files of one folder and synced, and a power cut: the folder as it may be found
 * after the power failed at some instant.
 *
 * What a finished sync covers is there. Of everything later each sector of 512 bytes, or each write, may have reached the
 * disk or not, whatever the order in which they were made; a file that grew may have its new size without its new bytes;
 * each new, changed or removed name may have reached the folder or not until the folder is synced. What was written with
 * O_DSYNC is there when the call has returned. A lock file is worth nothing after a power cut, so it may hold anything.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_CRASH_RECORDER_H
#define ORGDB_TESTS_CRASH_RECORDER_H

#include "../model_input.h"

/* What a recorder that is made to be wrong leaves out. */
enum recorder_gap { RECORDER_WHOLE, RECORDER_NO_FILE_SYNC, RECORDER_NO_FOLDER_SYNC };

/* Begin; what is in the folder now is taken as safe. From now on nothing is really synced, only recorded. */
void recorder_start(const char *folder, enum recorder_gap gap);
/* Say that no other folder sync succeeds, or that they do again. */
void recorder_break_folder(bool broken);
/* How much has been recorded: an instant. Instants between those of two calls are while the second is under way. */
size_t recorder_now(void);
void recorder_stop(void);

/* Write the folder, as a power cut at @p instant may leave it, into the folder @p into, which is empty. */
void recorder_cut(size_t instant, struct input *random, const char *into);
/* Has nothing been written behind the recorder's back? */
bool recorder_agrees(void);

#endif
