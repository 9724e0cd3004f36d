/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Can a monitor that this test starts learn from the kernel's log whom the OOM killer took? */
#ifndef EXECDRIVER_TESTS_ROOT_KERNEL_LOG_H
#define EXECDRIVER_TESTS_ROOT_KERNEL_LOG_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "monitor/logpid.h"

/* It takes the log itself, and its pids: ours, or a kernel that tells them from in here. */
static inline bool log_tells_victims(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_CLOEXEC), asker;
	struct stat st;
	bool readable = log >= 0 && fstat(log, &st) == 0 && st.st_rdev == makedev(1, 11);

	if (log >= 0)
		close(log);
	if (!readable || logpid_is_ours())
		return readable;
	asker = logpid_open();
	if (asker >= 0)
		close(asker);
	return asker >= 0;
}

#endif
