/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a child of the agent to a program of the system. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/strutil.h"
#include "drivers/hcs-stub/emulator_agent.h"
#include "drivers/hcs-stub/hcs.h"

static uint32_t code_of_exec(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return HCS_E_FILE_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EISDIR:
		return HCS_E_ACCESS_DENIED;
	case ENOEXEC:
	case ELIBBAD:
		return HCS_E_BAD_PROGRAM;
	case E2BIG:
		return HCS_E_TOO_LONG;
	default:
		return HCS_E_OUT_OF_MEMORY;
	}
}

/*
 * The streams become 0 to 2; one that is missing is the null device. The descriptors are above 2:
 * those are the agent's own.
 */
static uint32_t take_streams(const struct agent_order *order, const int *fds)
{
	unsigned int at = 0;

	for (int stream = 0; stream < 3; stream++) {
		int from = order->console                  ? fds[0]
			   : order->handles & 1u << stream ? fds[at++]
							   : open("/dev/null", O_RDWR | O_CLOEXEC);

		if (from < 0 || dup2(from, stream) < 0)
			return HCS_E_INVALID_HANDLE;
	}
	if (order->console && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return HCS_E_INVALID_HANDLE;
	return HCS_OK;
}

static uint32_t enter(const char *root, const char *directory)
{
	if (*root && (chroot(root) < 0 || chdir("/") < 0))
		return errno == ENOENT ? HCS_E_PATH_NOT_FOUND : HCS_E_ACCESS_DENIED;
	return chdir(directory) < 0 ? HCS_E_BAD_DIRECTORY : HCS_OK;
}

static const char *search_path(char **envp)
{
	for (; *envp; envp++)
		if (str_has_prefix(*envp, "PATH="))
			return *envp + strlen("PATH=");
	return "";
}

/* Returns why it could not: what was found but not allowed counts more than what was not there. */
static int exec_in_path(const char *program, char **argv, char **envp)
{
	const char *path = search_path(envp);
	int error = ENOENT;
	char file[PATH_MAX];

	if (strchr(program, '/')) {
		(void)execve(program, argv, envp);
		return errno;
	}
	while (*path) {
		size_t size = strcspn(path, ":");
		int n = snprintf(file, sizeof(file), "%.*s/%s", (int)size, path, program);

		if (size && n > 0 && (size_t)n < sizeof(file)) {
			(void)execve(file, argv, envp);
			if (errno != ENOENT && errno != ENOTDIR)
				error = errno;
			if (error != ENOENT && error != EACCES)
				return error;
		}
		path += size + (path[size] == ':');
	}
	return error;
}

/* A list of as many strings as there are, ended by NULL; *text is behind them then. */
static char **take_list(uint32_t count, const char **text)
{
	char **list = calloc((size_t)count + 1, sizeof(*list));

	for (uint32_t i = 0; list && i < count; i++) {
		list[i] = (char *)*text;
		*text += strlen(*text) + 1;
	}
	return list;
}

static const char *take_text(const char **text)
{
	const char *taken = *text;

	*text += strlen(taken) + 1;
	return taken;
}

uint32_t agent_become(const struct agent_order *order, const char *text, const int *fds)
{
	const char *root = take_text(&text);
	const char *directory = take_text(&text);
	const char *program = take_text(&text);
	char **argv = take_list(order->argc, &text);
	char **envp = take_list(order->envc, &text);
	uint32_t result;

	if (!argv || !envp)
		return HCS_E_OUT_OF_MEMORY;
	(void)setsid();
	(void)umask(022);
	result = take_streams(order, fds);
	if (result == HCS_OK)
		result = enter(root, directory);
	if (result != HCS_OK)
		return result;
	return code_of_exec(exec_in_path(program, argv, envp));
}
