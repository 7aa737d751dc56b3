/*
 * Liquid, by the engine that is installed: Ruby's. What is to be rendered goes to it over a pipe, and nothing through a shell.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LIQUID_H
#define LIQUID_H

#include <stddef.h>

/*
 * Render members of `input`, a JSON object with the templates' texts and under "variables" what they may say, to standard
 * output, which must be flushed. `parts` are the members' names, ended by NULL: the one, or a mail's subject and body.
 * `name` is what messages call it. Returns a status; complains by itself.
 */
int liquid_render(const char *name, const char *const parts[], const char *input, size_t size);

#endif
