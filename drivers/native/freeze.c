/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The freezers of cgroup v1 and v2. */
#include "drivers/native/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fdio.h"

#define NAP_MIN_NS 100000
#define NAP_MAX_NS 5000000

static int write_text(int dirfd, const char *file, const char *text)
{
	return write_file_at(dirfd, file, text, strlen(text));
}

/* 1, 0, or a negative errno value. */
static int state_is_v1(int dirfd, const char *wanted)
{
	char text[32];
	ssize_t n = read_file_at(dirfd, "freezer.state", text, sizeof(text));

	if (n < 0)
		return (int)n;
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, wanted) == 0;
}

/*
 * Forks under way keep it at FREEZING until it is told again, so each look comes with a new write.
 */
static int set_v1(int dirfd, const char *state, int64_t until)
{
	struct timespec nap = {.tv_nsec = NAP_MIN_NS};

	for (;;) {
		int r = write_text(dirfd, "freezer.state", state);

		if (r == 0)
			r = state_is_v1(dirfd, state);
		if (r)
			return r < 0 ? r : 0;
		if (clock_ms() >= until)
			return -ETIMEDOUT;
		(void)ppoll(NULL, 0, &nap, NULL);
		nap.tv_nsec = nap.tv_nsec * 2 > NAP_MAX_NS ? NAP_MAX_NS : nap.tv_nsec * 2;
	}
}

static int set_v2(int dirfd, bool freeze, int64_t until)
{
	const char *wanted = freeze ? "frozen 1" : "frozen 0";
	cleanup_close int events = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int r = events < 0 ? -errno : write_text(dirfd, "cgroup.freeze", freeze ? "1" : "0");

	while (r == 0) {
		struct pollfd changed = {.fd = events, .events = POLLPRI};
		int64_t left = until - clock_ms();
		char text[128];
		ssize_t n = read_file_fd(events, text, sizeof(text));

		if (n < 0)
			return (int)n;
		if (strstr(text, wanted))
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&changed, 1, (int)left) < 0 && errno != EINTR)
			r = -errno;
	}
	return r;
}

int native_thaw(int dirfd, int version, int deadline_ms)
{
	int64_t until = clock_ms() + deadline_ms;

	return version == 2 ? set_v2(dirfd, false, until) : set_v1(dirfd, "THAWED", until);
}

int native_freeze(int dirfd, int version, int deadline_ms)
{
	int64_t until = clock_ms() + deadline_ms;
	int r = version == 2 ? set_v2(dirfd, true, until) : set_v1(dirfd, "FROZEN", until);

	if (r < 0)
		(void)native_thaw(dirfd, version, deadline_ms);
	return r;
}

int native_frozen(int dirfd, int version)
{
	char text[32];
	ssize_t n = read_file_at(dirfd, version == 2 ? "cgroup.freeze" : "freezer.state", text,
				 sizeof(text));

	if (n < 0)
		return (int)n;
	return version == 2 ? text[0] == '1' : text[0] == 'F';
}
