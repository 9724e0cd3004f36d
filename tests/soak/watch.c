/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host and the monitor of a long run have in memory and descriptors, and where that goes. */
#include "tests/soak/soak.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The sum of the lines with these names of a file of /proc, or -1 when it cannot be read. */
static long sum_of(pid_t pid, const char *file, const char *const *names)
{
	char path[64], line[256];
	long sum = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		for (const char *const *name = names; *name; name++)
			if (strncmp(line, *name, strlen(*name)) == 0)
				sum += strtol(line + strlen(*name), NULL, 10);
	(void)fclose(f);
	return sum;
}

static long count_fds(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	long count = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (!d)
		return -1;
	while ((entry = readdir(d)))
		count += entry->d_name[0] != '.';
	closedir(d);
	return count;
}

bool soak_look(pid_t pid, struct soak_sight *sight)
{
	/* Pages of files come and go with what else the machine does. */
	static const char *const own[] = {"RssAnon:", "RssShmem:", NULL};
	static const char *const rss[] = {"VmRSS:", NULL};
	static const char *const pss[] = {"Pss:", NULL};

	sight->own_kb = sum_of(pid, "status", own);
	sight->rss_kb = sum_of(pid, "status", rss);
	sight->pss_kb = sum_of(pid, "smaps_rollup", pss);
	sight->fds = count_fds(pid);
	return sight->own_kb > 0 && sight->fds > 0;
}

bool soak_look_at_rest(pid_t pid, struct soak_sight *sight)
{
	long last = -1;

	for (int same = 0, i = 0; same < 20 && i < 2000; i++) {
		long now = count_fds(pid);

		same = now == last ? same + 1 : 0;
		last = now;
		(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	return soak_look(pid, sight);
}

void soak_trend_add(struct soak_trend *trend, double x, long y)
{
	if (trend->n == 0 || y < trend->least)
		trend->least = y;
	if (trend->n == 0 || y > trend->most)
		trend->most = y;
	trend->n++;
	trend->x += x;
	trend->y += (double)y;
	trend->xx += x * x;
	trend->xy += x * (double)y;
}

double soak_trend_slope(const struct soak_trend *trend)
{
	double spread = trend->n * trend->xx - trend->x * trend->x;

	return spread > 0 ? (trend->n * trend->xy - trend->x * trend->y) / spread : 0;
}
