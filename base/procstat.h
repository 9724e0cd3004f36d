/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a process is, beyond its pid: start time, boot, pidfd. */
#ifndef EXECDRIVER_BASE_PROCSTAT_H
#define EXECDRIVER_BASE_PROCSTAT_H

#include <stdint.h>
#include <sys/types.h>

#define BOOT_ID_SIZE 37

/* Field 22 of /proc/PID/stat, in clock ticks after boot. -ESRCH when there is no such process. */
int proc_start_time(pid_t pid, uint64_t *start_time);

/* The kernel's PF_* flags of it, of a dead one that is not reaped too. -ESRCH as above. */
int proc_flags(pid_t pid, uint64_t *flags);

/* The parent of the process. -ESRCH when there is no such process. */
int proc_parent(pid_t pid, pid_t *parent);

/* The kernel's id of this boot, NUL-terminated. */
int boot_id(char out[BOOT_ID_SIZE]);

/* A pidfd of that very process: -ESRCH when the pid is free or another's by now. */
int pidfd_open_checked(pid_t pid, uint64_t start_time);

#endif
