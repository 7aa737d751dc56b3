/*
 * A new store that is made aside: at its path there is nothing before it is whole.
 *
 * It is made in a folder of its own, PATH.new- and six characters, and then linked to PATH, which fails if something
 * is there by now. A signal that would end the process ends the staging first, so that the folder does not stay
 * behind; after SIGKILL or a power cut it does, and can be removed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STAGING_H
#define STAGING_H

struct staging {
	const char *path;
	char *folder;
	char *store; /* where to make it; to be closed before staging_publish() */
};

/* Complains if that fails. Returns an exit status; staging_end() is due in any case. */
int staging_begin(struct staging *staging, const char *path);

/* Give the store its path, durably. Complains if that fails. Returns an exit status. */
int staging_publish(const struct staging *staging);

/* Clean up, whatever is in the folder; does not return if the process was asked to end. */
void staging_end(struct staging *staging);

#endif
