/*
 * The recorder, and the power cut.
 *
 * SPDX-License-Identifier: MIT
 */
#include "recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"
#include "trial.h"

enum {
	SECTOR = 512,
	FILES = 64, /* Most that are there in one recording. */
	DESCRIPTORS = 1024,
	FOLDER = -1, /* Instead of a file. */
	NOTHING = -2,
	LOCK_FILE = 8192,
};

/* The names of a folder, and which file each is of; NULL: no such entry. */
struct folder {
	char *names[FILES];
	int files[FILES];
};

struct event {
	enum system_call call;
	int file;
	bool at_once; /* Written with O_DSYNC. */
	size_t at;
	struct bytes bytes;
	char *name, *other;
};

static struct {
	char path[PATH_MAX];
	enum recorder_gap gap;
	bool broken; /* The folder cannot be synced. */
	struct folder before, now;
	struct bytes files[FILES]; /* As they were at the start. */
	int file_count;
	int file_of[DESCRIPTORS];
	bool at_once[DESCRIPTORS];
	struct event *events;
	size_t count, capacity;
} recorder;

static void *must_have(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- Folders and files ------------------------------------------------------------------------------------------- */

static int find(const struct folder *folder, const char *name)
{
	for (int i = 0; i < FILES; i++)
		if (folder->names[i] && strcmp(folder->names[i], name) == 0)
			return i;
	return -1;
}

static void forget(struct folder *folder, const char *name)
{
	int i = find(folder, name);
	if (i < 0)
		return;
	free(folder->names[i]);
	folder->names[i] = NULL;
}

static void enter(struct folder *folder, const char *name, int file)
{
	forget(folder, name);
	for (int i = 0; i < FILES; i++)
		if (!folder->names[i]) {
			folder->names[i] = must_have(strdup(name));
			folder->files[i] = file;
			return;
		}
	abort();
}

static void clear(struct folder *folder)
{
	for (int i = 0; i < FILES; i++) {
		free(folder->names[i]);
		folder->names[i] = NULL;
	}
}

static void copy(struct folder *to, const struct folder *from)
{
	for (int i = 0; i < FILES; i++)
		if (from->names[i])
			enter(to, from->names[i], from->files[i]);
}

static void grow(struct bytes *bytes, size_t size)
{
	if (size <= bytes->size)
		return;
	bytes->data = must_have(realloc(bytes->data, size));
	memset(bytes->data + bytes->size, 0, size - bytes->size);
	bytes->size = size;
}

static void write_file(const char *folder, const char *name, struct bytes bytes)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	trial_write_file(path, bytes);
}

/* ---- Recording --------------------------------------------------------------------------------------------------- */

/* The name within the folder; NULL for what does not concern us. */
static const char *name_within(const char *path)
{
	size_t size = strlen(recorder.path), length = strlen(path);
	if (strncmp(path, recorder.path, size) != 0 || path[size] != '/')
		return NULL;
	bool is_lock = length > 5 && strcmp(path + length - 5, "-lock") == 0;
	return is_lock ? NULL : path + size + 1;
}

static struct event *add_event(enum system_call call, int file)
{
	if (recorder.count == recorder.capacity) {
		recorder.capacity = recorder.capacity ? 2 * recorder.capacity : 1024;
		recorder.events = must_have(realloc(recorder.events, recorder.capacity * sizeof(struct event)));
	}
	struct event *event = &recorder.events[recorder.count++];
	*event = (struct event){ .call = call, .file = file };
	return event;
}

/* A new name for a file. */
static void record_name(const char *name, int file)
{
	enter(&recorder.now, name, file);
	add_event(SYSTEM_LINK, file)->name = must_have(strdup(name));
}

static int open_file(const char *name)
{
	int i = find(&recorder.now, name);
	if (i >= 0)
		return recorder.now.files[i];
	if (recorder.file_count == FILES)
		abort();
	record_name(name, recorder.file_count);
	return recorder.file_count++;
}

static void record_open(const struct system_event *event)
{
	const char *name = name_within(event->path);
	if (event->fd >= DESCRIPTORS)
		abort();
	if (strcmp(event->path, recorder.path) == 0)
		recorder.file_of[event->fd] = FOLDER;
	else
		recorder.file_of[event->fd] = name ? open_file(name) : NOTHING;
	recorder.at_once[event->fd] = event->flags & O_DSYNC;
}

static void record_write(const struct system_event *event, int file)
{
	if (event->size == 0)
		return;
	struct event *write = add_event(SYSTEM_WRITE, file);
	write->at_once = recorder.at_once[event->fd];
	write->at = (size_t)event->at;
	grow(&write->bytes, event->size);
	memcpy(write->bytes.data, event->data, event->size);
}

static void record_sync(int file)
{
	if (recorder.gap != (file == FOLDER ? RECORDER_NO_FOLDER_SYNC : RECORDER_NO_FILE_SYNC))
		add_event(SYSTEM_SYNC, file);
}

static void record_change_of_name(const struct system_event *event)
{
	const char *name = name_within(event->path), *other = event->other ? name_within(event->other) : NULL;
	if (!name)
		return;
	int i = find(&recorder.now, name);
	if (i < 0 || (event->other && !other))
		abort();
	int file = recorder.now.files[i];
	if (event->call == SYSTEM_LINK) {
		record_name(other, file);
		return;
	}
	struct event *change = add_event(event->call, file);
	change->name = must_have(strdup(name));
	change->other = other ? must_have(strdup(other)) : NULL;
	forget(&recorder.now, name);
	if (other)
		enter(&recorder.now, other, file);
}

static void record(const struct system_event *event)
{
	int file = event->fd >= 0 && event->fd < DESCRIPTORS ? recorder.file_of[event->fd] : NOTHING;
	switch (event->call) {
	case SYSTEM_OPEN:
		record_open(event);
		break;
	case SYSTEM_WRITE:
		if (file >= 0)
			record_write(event, file);
		break;
	case SYSTEM_SYNC:
		if (file != NOTHING)
			record_sync(file);
		break;
	case SYSTEM_RESIZE:
		if (file >= 0)
			abort(); /* LMDB never does that to a store. */
		break;
	case SYSTEM_LINK:
	case SYSTEM_RENAME:
	case SYSTEM_UNLINK:
		record_change_of_name(event);
		break;
	default:
		break;
	}
}

static enum system_verdict refuse_folder(const struct system_event *event)
{
	system_error = EIO;
	return recorder.broken && event->call == SYSTEM_SYNC && recorder.file_of[event->fd] == FOLDER ? SYSTEM_FAIL
																								  : SYSTEM_PASS;
}

static void drop_recording(void)
{
	for (size_t i = 0; i < recorder.count; i++) {
		free(recorder.events[i].bytes.data);
		free(recorder.events[i].name);
		free(recorder.events[i].other);
	}
	for (int i = 0; i < FILES; i++)
		free(recorder.files[i].data);
	clear(&recorder.before);
	clear(&recorder.now);
	memset(recorder.files, 0, sizeof(recorder.files));
	recorder.count = 0;
	recorder.file_count = 0;
}

void recorder_start(const char *path, enum recorder_gap gap)
{
	drop_recording();
	recorder.gap = gap;
	snprintf(recorder.path, sizeof(recorder.path), "%s", path);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char file[2 * PATH_MAX];
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] == '.' || !name_within(file))
			continue;
		recorder.files[recorder.file_count] = trial_read_file(file);
		enter(&recorder.before, entry->d_name, recorder.file_count++);
	}
	if (folder)
		closedir(folder);
	copy(&recorder.now, &recorder.before);
	for (int i = 0; i < DESCRIPTORS; i++)
		recorder.file_of[i] = NOTHING;
	system_rehearses = true;
	system_before = refuse_folder;
	system_after = record;
}

void recorder_break_folder(bool broken)
{
	recorder.broken = broken;
}

size_t recorder_now(void)
{
	return recorder.count;
}

void recorder_stop(void)
{
	system_before = NULL;
	system_after = NULL;
}

/* ---- The power cut ----------------------------------------------------------------------------------------------- */

struct cut {
	size_t instant;
	struct input *random;
	uint32_t kept;       /* Percent of what was not synced. */
	uint32_t names_kept; /* The same for names. */
	bool by_sector;      /* Or by write. */
	bool sizes_kept;     /* Files have grown also where their new bytes are lost ... */
	bool junk;           /* ... and hold something else there. */
	struct bytes files[FILES];
	size_t safe[FILES]; /* What was written before this instant is on the disk. */
	size_t folder_safe;
};

static void find_syncs(struct cut *cut)
{
	for (size_t i = 0; i < cut->instant; i++) {
		const struct event *event = &recorder.events[i];
		if (event->call == SYSTEM_SYNC && event->file == FOLDER)
			cut->folder_safe = i;
		else if (event->call == SYSTEM_SYNC)
			cut->safe[event->file] = i;
	}
}

static void keep_bytes(struct bytes *file, const struct event *event, size_t from, size_t to)
{
	grow(file, event->at + to);
	memcpy(file->data + event->at + from, event->bytes.data + from, to - from);
}

static void lose_bytes(const struct cut *cut, struct bytes *file, const struct event *event, size_t from, size_t to)
{
	size_t end = event->at + to, had = file->size;
	(void)from;
	if (!cut->sizes_kept || end <= had)
		return;
	grow(file, end);
	for (size_t i = had; i < end && cut->junk; i++)
		file->data[i] = (char)input_random(cut->random);
}

/* The rest of the sector that a write begins in comes first. */
static void cut_write(struct cut *cut, const struct event *event, bool safe)
{
	struct bytes *file = &cut->files[event->file];
	bool whole = safe || !cut->by_sector;
	for (size_t from = 0, to; from < event->bytes.size; from = to) {
		to = whole ? event->bytes.size : from + SECTOR - (event->at + from) % SECTOR;
		if (to > event->bytes.size)
			to = event->bytes.size;
		if (safe || input_chance(cut->random, cut->kept))
			keep_bytes(file, event, from, to);
		else
			lose_bytes(cut, file, event, from, to);
	}
}

static void cut_name(struct folder *folder, const struct event *event)
{
	if (event->call == SYSTEM_LINK) {
		enter(folder, event->name, event->file);
		return;
	}
	forget(folder, event->name);
	if (event->call == SYSTEM_RENAME)
		enter(folder, event->other, event->file);
}

static void apply(struct cut *cut, struct folder *folder, size_t i)
{
	const struct event *event = &recorder.events[i];
	bool under_way = i == cut->instant;
	if (event->call == SYSTEM_WRITE)
		cut_write(cut, event, i < cut->safe[event->file] || (event->at_once && !under_way));
	else if (event->call != SYSTEM_SYNC && (i < cut->folder_safe || input_chance(cut->random, cut->names_kept)))
		cut_name(folder, event);
}

static void leave_lock_file(struct cut *cut, const char *into, const char *name)
{
	char lock[NAME_MAX + 6], junk[LOCK_FILE] = "";
	snprintf(lock, sizeof(lock), "%s-lock", name);
	if (input_chance(cut->random, 30))
		return;
	for (size_t i = 0; i < sizeof(junk) && cut->junk; i++)
		junk[i] = (char)input_random(cut->random);
	write_file(into, lock, (struct bytes){ junk, sizeof(junk) });
}

/* As the events make it that have reached the disk. */
static void replay(struct cut *cut, struct folder *folder)
{
	for (int i = 0; i < recorder.file_count; i++) {
		grow(&cut->files[i], recorder.files[i].size);
		if (recorder.files[i].size > 0)
			memcpy(cut->files[i].data, recorder.files[i].data, recorder.files[i].size);
	}
	copy(folder, &recorder.before);
	for (size_t i = 0; i <= cut->instant && i < recorder.count; i++)
		apply(cut, folder, i);
}

static void drop_cut(struct cut *cut, struct folder *folder)
{
	for (int i = 0; i < FILES; i++)
		free(cut->files[i].data);
	clear(folder);
}

void recorder_cut(size_t instant, struct input *random, const char *into)
{
	static const uint32_t shares[] = { 0, 100, 50, 50, 90, 10 };
	struct folder folder = { { NULL }, { 0 } };
	struct cut cut = {
		.instant = instant,
		.random = random,
		.kept = shares[input_below(random, COUNT_OF(shares))],
		.names_kept = shares[input_below(random, COUNT_OF(shares))],
		.by_sector = input_chance(random, 70),
		.sizes_kept = input_chance(random, 50),
		.junk = input_chance(random, 50),
	};
	find_syncs(&cut);
	replay(&cut, &folder);
	for (int i = 0; i < FILES; i++)
		if (folder.names[i]) {
			write_file(into, folder.names[i], cut.files[folder.files[i]]);
			leave_lock_file(&cut, into, folder.names[i]);
		}
	drop_cut(&cut, &folder);
}

bool recorder_agrees(void)
{
	struct folder folder = { { NULL }, { 0 } };
	struct input random = { 0 };
	struct cut cut = { .instant = recorder.count, .random = &random, .kept = 100, .names_kept = 100 };
	bool agrees = true;
	replay(&cut, &folder);
	for (int i = 0; i < FILES; i++) {
		if (!folder.names[i])
			continue;
		char path[2 * PATH_MAX];
		snprintf(path, sizeof(path), "%s/%s", recorder.path, folder.names[i]);
		struct bytes real = trial_read_file(path), *ours = &cut.files[folder.files[i]];
		agrees = agrees && real.size == ours->size && (real.size == 0 || memcmp(real.data, ours->data, real.size) == 0);
		free(real.data);
	}
	drop_cut(&cut, &folder);
	return agrees;
}
