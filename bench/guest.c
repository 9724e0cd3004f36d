/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program inside the measured containers; what it does is its own name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Tells the floor's break-down when the program got to run: fd 1 is its page of marks. */
static int stamp(void)
{
	struct timespec ts;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return pwrite(STDOUT_FILENO, &ns, sizeof(ns), 0) == (ssize_t)sizeof(ns) ? 0 : 1;
}

/* Eats memory until the kernel objects. */
static int hog(void)
{
	const size_t chunk = 1 << 20;

	for (;;) {
		void *p = mmap(NULL, chunk, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return 1;
		memset(p, 1, chunk);
	}
}

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

	if (!name)
		return 2;
	switch (name[1]) {
	case 't': /* true */
		return 0;
	case 'p': /* pause */
		for (;;)
			pause();
	case 's': /* stamp */
		return stamp();
	case 'h': /* hog */
		return hog();
	default:
		return 2;
	}
}
