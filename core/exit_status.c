/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exit statuses: the monitor's form and the public one, and the names of their parts. */
#include "core/exit_status.h"

#include <string.h>
#include <sys/wait.h>

void exit_status_from_wait(struct exd_exit_status *to, int wait_status)
{
	memset(to, 0, sizeof(*to));
	to->struct_size = sizeof(*to);
	if (WIFSIGNALED(wait_status)) {
		to->signal = (uint32_t)WTERMSIG(wait_status);
		to->exit_code = 128 + to->signal;
		to->core_dumped = WCOREDUMP(wait_status);
	} else {
		to->exit_code = (uint32_t)WEXITSTATUS(wait_status);
	}
}

void exit_status_from_wire(struct exd_exit_status *to, const struct wire_exit *from)
{
	exit_status_from_wait(to, from->status);
	if (from->coded)
		to->exit_code = from->code;
	to->lost = from->lost;
	to->oom_kills = from->oom_kills;
	to->oom_killed = from->oom_killed;
	to->oom_evidence = from->oom_evidence;
	to->stdio_held_open = from->stdio_held_open;
	to->started_ns = from->started_ns;
	to->finished_ns = from->finished_ns;
	to->user_us = from->user_us;
	to->system_us = from->system_us;
	to->maxrss_kb = from->maxrss_kb;
}

const char *exd_lost_reason(uint32_t lost)
{
	switch (lost) {
	case EXD_LOST_NO:
		return "not lost";
	case EXD_LOST_MONITOR:
		return "its monitor had gone and the kernel gave no exit code";
	case EXD_LOST_REBOOT:
		return "the machine was started anew since";
	case EXD_LOST_WORKER:
		return "the driver's worker ended without telling";
	case EXD_LOST_RECORD:
		return "its monitor could not write it down: is the state directory full?";
	default:
		return "unknown";
	}
}

const char *exd_status_name(uint32_t status)
{
	static const char *const names[] = {
		[EXD_STATUS_CREATING] = "creating",
		[EXD_STATUS_CREATED] = "created",
		[EXD_STATUS_RUNNING] = "running",
		[EXD_STATUS_PAUSED] = "paused",
		[EXD_STATUS_STOPPED] = "stopped",
		[EXD_STATUS_LOST] = "lost",
	};

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : "unknown";
}
