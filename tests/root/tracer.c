/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tracer STOP: inside of a container, attaches to every process that comes, until the file STOP is
 * there, and prints the name of each that let it. Static.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIDS 250

static void print_name(int pid)
{
	char path[32], line[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "Name:", 5) == 0)
			(void)fputs(line + 6, stdout);
	if (file)
		(void)fclose(file);
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	while (argc == 2 && access(argv[1], F_OK) < 0) {
		for (int pid = 2; pid < PIDS; pid++) {
			if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
				continue;
			if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0 && waitpid(pid, NULL, __WALL) == pid)
				print_name(pid);
			(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
		}
	}
	return 0;
}
