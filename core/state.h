/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state directory: its root, one directory per container, locks, state.json. */
#ifndef EXECDRIVER_CORE_STATE_H
#define EXECDRIVER_CORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <execdriver/driver.h>

#include "base/cleanup.h"
#include "core/ids.h"

/*
 *	.lock			flock: shared while a directory of a container is made and not yet
 *				locked; exclusive while one is judged to be a leftover, or while
 *				a monitor is started
 *	.monitor/<8 hex>/	sock, lock (flock held by the living monitor)
 *	.monitor/shared		text: the 8 hex digits of the monitor that engines share
 *	<id>/lock		flock held from birth to the end of cleanup, by the launching
 *				engine and then the monitor
 *	<id>/			state.json, exit.json, output
 *
 * Locks are of open file descriptions: whoever got the descriptor holds the lock too, and it ends
 * with the last one.
 */

/*
 * Finds (NULL: the default) or makes the root. *path is absolute and the caller's, as *fd is.
 * EXD_ERR_STATE names the directory.
 */
int state_root_open(const char *root, char **path, int *fd, struct exd_error *err);

/*
 * Locks <root>/.lock, waiting for it at most 30 s: whoever has it may stand still. Returns the
 * descriptor that holds it; closing it unlocks.
 */
int state_root_lock(int root_fd, bool exclusive, struct exd_error *err);

/* The directory of one container. */
struct state_dir {
	int fd;      /* O_RDONLY directory, or FD_NONE */
	int lock_fd; /* holds the lock, or FD_NONE */
	char id[ID_SIZE];
};

#define STATE_DIR_INIT ((struct state_dir){.fd = FD_NONE, .lock_fd = FD_NONE})

/*
 * Makes <root>/<id> (0700) and locks it. EXD_ERR_ID; EXD_ERR_ID_IN_USE says who is there and how to
 * get rid of it; EXD_ERR_STATE.
 */
int state_create(int root_fd, const char *id, struct state_dir *out, struct exd_error *err);

/* Opens one that exists, without its lock. EXD_ERR_ID, EXD_ERR_NOT_FOUND. */
int state_open(int root_fd, const char *id, struct state_dir *out, struct exd_error *err);

/*
 * Takes the lock of an open one: 0, -EWOULDBLOCK when it is held by another, -ENOENT when the
 * directory was removed meanwhile.
 */
int state_try_lock(struct state_dir *dir);

/*
 * Whether somebody else holds the lock (a launch or a monitor is at work), without keeping it. True
 * also when this process lacks the means to look.
 */
bool state_locked(const struct state_dir *dir);

/* Removes <root>/<id> and the files in it. The caller holds its lock. Gone already: 0. */
int state_remove(int root_fd, const char *id, struct exd_error *err);

/* Closes both descriptors (unlocking, unless another holds a copy). Nothing is removed. */
void state_dir_close(struct state_dir *dir);
#define cleanup_state_dir CLEANUP(state_dir_close)

/* What state.json says, apart from what the monitor adds when the container has started. */
struct state_fields {
	const char *id;
	const char *driver;
	const char *boot_id;
	uint64_t created_ns;               /* CLOCK_REALTIME */
	const struct exd_command *command; /* args, annotations, rootfs */
	const struct exd_plan *plan;       /* cgroups, notes */
	const char *monitor_dir;           /* 8 hex digits */
	pid_t monitor_pid;
	uint64_t monitor_start_time;
	uint64_t plan_hash;
	bool detached; /* the record stays when the container has ended (not EPHEMERAL) */
};

/* Longest text that state_text() makes: it travels in one message. */
#define STATE_TEXT_MAX 49152u

/*
 * state.json without its closing brace, for struct wire_launch; the caller frees it. The boot id is
 * in it. Arguments that are too many to be told are cut ("args_cut": true); annotations that do not
 * fit are EXD_ERR_KEY.
 */
int state_text(const struct state_fields *fields, char **text, struct exd_error *err);

/* Whether it is the name of a monitor's directory: 8 hex digits. */
bool monitor_name_valid(const char *dir);

/*
 * Whether the monitor of this directory lives: it holds the lock in it. True also when this process
 * lacks the means to look.
 */
bool monitor_alive(int root_fd, const char *dir);

/* An error that tells of this process (out of descriptors or memory), not of what it looked at. */
bool cannot_tell(int r);

#endif
