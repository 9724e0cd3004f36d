/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a container that exists, and descriptors of its process and cgroups. */
#ifndef EXECDRIVER_CORE_RECORD_H
#define EXECDRIVER_CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <json-c/json_object.h>

#include <execdriver/driver.h>

#include "base/cleanup.h"
#include "core/state.h"

#define RECORD_FILE_MAX (1u << 20) /* bytes of a state.json or exit.json */
#define RECORD_CGROUPS_MAX 64
#define RECORD_FILES_MAX 64

struct record_cgroup {
	const char *controllers, *mount, *path; /* in the json object */
	int fd;                                 /* opened when first asked for, or FD_NONE */
};

/* A counter's file that stays open. */
struct record_file {
	int dir; /* lent by the record */
	char name[48];
	int fd;
};

/* One thread at a time. Strings live as long as the record. */
struct exd_record {
	int root_fd;              /* lent */
	struct state_dir dir;     /* dir.lock_fd: the caller may take the lock */
	struct json_object *json; /* state.json; NULL while there is none */
	const char *driver;       /* "" while there is no state.json, like the next ones */
	const char *rootfs;
	const char *boot_id;
	const char *monitor_dir; /* "" or 8 hex digits */
	pid_t monitor_pid;       /* 0: not known */
	uint64_t monitor_start_time;
	uint64_t created_ns;
	pid_t pid; /* 0: not started */
	uint64_t start_time;
	uint64_t plan_hash;
	bool detached;
	bool started; /* it says that it runs; its init may be no process of this host */
	struct record_cgroup cgroups[RECORD_CGROUPS_MAX];
	size_t cgroup_count;
	struct record_file *files; /* RECORD_FILES_MAX, made when first asked for */
	size_t file_count;
	int pidfd;  /* opened when first asked for, also by record_status(), or FD_NONE */
	bool ended; /* exit is valid: record_status() read exit.json, or the kernel told */
	struct exd_exit_status exit;
};

/*
 * Reads the record. root_fd is lent for its life. EXD_ERR_ID, EXD_ERR_NOT_FOUND, EXD_ERR_STATE for
 * one that is damaged. A directory without state.json is a record without driver and pid.
 */
int record_load(int root_fd, const char *id, struct exd_record **out, struct exd_error *err);
/*
 * As record_load(), of a directory the caller opened, whose descriptors move into the record on
 * success.
 */
int record_load_dir(int root_fd, struct state_dir *dir_take, struct exd_record **out,
		    struct exd_error *err);
/*
 * A record without state.json becomes one of what its launch, which nobody finished, wrote down in
 * advance; the caller holds its lock. Not made: what it names may as well be another's. Negative
 * errno: there is nothing of the kind, and the record stays as it is.
 */
int record_load_claim(struct exd_record *record, bool *made, struct exd_error *err);
struct exd_record *record_free(struct exd_record *record);
void record_freep(struct exd_record **record);
#define cleanup_record CLEANUP(record_freep)

/*
 * CREATING, RUNNING, STOPPED (record->exit is valid) or LOST (record->exit.lost says why); never
 * PAUSED, which only the driver knows. Reads exit.json again until it is there, so it may be called
 * until the status changes. RUNNING is also said while init has ended but whoever holds the lock
 * has not written exit.json yet: wait for the file. When nobody does any more, the exit code is
 * asked of the kernel through record->pidfd, if that was opened while init lived; it knows only
 * when init was reaped, so a LOST with an open pidfd may still become STOPPED within moments. Never
 * blocks.
 */
enum exd_status record_status(struct exd_record *record);

/* Writes exit.json for a container whose monitor is gone; the caller holds record->dir's lock. */
int record_save_exit(struct exd_record *record, const struct exd_exit_status *status,
		     struct exd_error *err);

/*
 * The whole record as a new json object: state.json, "status", "exit" when it has ended. NULL: no
 * memory.
 */
struct json_object *record_json(struct exd_record *record, enum exd_status status);

/*
 * How a process ended that is no child of ours, by PIDFD_GET_INFO (Linux 6.15), once it was reaped:
 * 0, -ENODATA while it is not known, -EOPNOTSUPP on an older kernel.
 */
int pidfd_exit_info(int pidfd, int *wait_status);

/* Closes what exd_record_file() has opened. */
void record_close_files(struct exd_record *record);

/* 1 when the process of the pidfd has ended (a zombie has), else 0. */
int pidfd_ended(int pidfd);

#endif
