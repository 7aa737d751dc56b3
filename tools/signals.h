/*
 * SIGINT, SIGTERM and SIGHUP: a progress line goes away, a transaction in flight is dropped, and the process ends by the
 * signal, as shells expect.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/* At the start of the process. From here on such a signal ends it at once, and tidily. */
void signals_begin(void);

/* From here on the first such signal only makes interrupted() true, for work that must clean up after itself; the
 * second one ends the process all the same. Not before the work begins: waiting for a lock cannot be interrupted. */
void signals_hold(void);
bool interrupted(void);

/* End the process by the signal that came meanwhile; if none came, undo signals_hold(). */
void signals_release(void);

#endif
