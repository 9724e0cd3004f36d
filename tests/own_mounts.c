/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* own_mounts [--shared] COMMAND [ARG...]: runs it in a mount namespace of its own. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/mounts.h"

int main(int argc, char **argv)
{
	unsigned long propagation = MS_PRIVATE;

	if (argc > 1 && strcmp(argv[1], "--shared") == 0) {
		propagation = MS_SHARED;
		argv++;
		argc--;
	}
	if (argc < 2 || unshare(CLONE_NEWNS) < 0 || mounts_cut_off(propagation) < 0) {
		perror("own_mounts");
		return 125;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
