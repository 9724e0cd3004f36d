/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of warm starts: a configuration that asks for them, and a look at the boxes. */
#ifndef EXECDRIVER_TESTS_WARM_RIG_H
#define EXECDRIVER_TESTS_WARM_RIG_H

#include "tests/root/tiny.h"

/* Boxes that the configuration keeps of each shape. */
#define WARM_BOXES 2

/* Once, in main(): the configuration of the test, with WARM_BOXES; monitors as they are installed. */
void warm_config(void);
/* Asks for this instead of WARM_BOXES. */
void warm_config_ask(const char *number);
/* Removes it. */
void warm_config_remove(void);

/* Starts it detached, frees the command, and waits until it runs. */
struct exd_process *warm_start(struct exd_engine *engine, struct exd_command *command);
/* The same of `/inside rest`. */
struct exd_process *warm_rest(struct exd_engine *engine, const char *id);
/* The box that it was started in; false: it was a cold start. */
bool warm_box(struct exd_engine *engine, const char *id, char *name, size_t size);
bool warm_is(struct exd_engine *engine, const char *id);
/* How many cgroups this container has. */
int warm_hierarchies(struct exd_engine *engine, const char *id);
/* Waits until there are so many cgroups of containers and of boxes; fails the test when not. */
void warm_until(int cgroups);
/* Kills and removes it. */
void warm_end(struct exd_engine *engine, const char *id, struct exd_process *process);

#endif
