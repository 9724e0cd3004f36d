/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a check suite and prints its result as TAP, with the skips that check has no notion of. */
#include "tests/tap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SKIPS_MAX 256

/* Cases run in children: what they skip comes back through shared memory. */
struct skips {
	int count;
	struct {
		char func[96];
		char why[160];
	} entry[SKIPS_MAX];
};

static struct skips *skips;
static int fds_before;

int tap_count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void fds_setup(void)
{
	fds_before = tap_count_fds();
}

static void fds_teardown(void)
{
	int after = tap_count_fds();

	ck_assert_msg(after == fds_before, "descriptors open before the test: %d, after: %d",
		      fds_before, after);
}

TCase *tap_tcase(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	/* Of a machine that has other things to do: what hangs is all that this is to end. */
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, fds_setup, fds_teardown);
	suite_add_tcase(s, tc);
	return tc;
}

void tap_note_skip(const char *func, const char *why)
{
	const char *must = getenv("EXD_TEST_MUST_WORK");

	if (must && strcmp(must, "1") == 0)
		ck_abort_msg("would be skipped, but must work here: %s", why);
	tap_note_not_here(func, why);
}

void tap_note_not_here(const char *func, const char *why)
{
	int i = skips->count++;

	if (i >= SKIPS_MAX)
		ck_abort_msg("more than %d skips", SKIPS_MAX);
	snprintf(skips->entry[i].func, sizeof(skips->entry[i].func), "%s", func);
	snprintf(skips->entry[i].why, sizeof(skips->entry[i].why), "%s", why);
}

/* A line of check is "ok 3 - file.c:case:test_name: Passed"; the function of START_TEST(t) is t_fn. */
static const char *skip_reason(const char *line)
{
	for (int i = 0; i < skips->count && i < SKIPS_MAX; i++) {
		char needle[112];
		size_t len = strlen(skips->entry[i].func);

		if (len > 3 && strcmp(skips->entry[i].func + len - 3, "_fn") == 0)
			len -= 3;
		snprintf(needle, sizeof(needle), ":%.*s:", (int)len, skips->entry[i].func);
		if (strstr(line, needle))
			return skips->entry[i].why;
	}
	return NULL;
}

/* "ok 3 - /path/to/file.c:case:name: Passed" without the path and the verdict said twice. */
static void print_result(char *line)
{
	const char *why = strncmp(line, "ok ", 3) == 0 ? skip_reason(line) : NULL;
	char *dash = strstr(line, " - ");
	char *end = strstr(line, ": Passed");
	char *name = dash ? strchr(dash, ':') : NULL;

	if (end)
		*end = '\0';
	if (!name) {
		printf("%s\n", line);
		return;
	}
	while (name > dash + 3 && name[-1] != '/')
		name--;
	*dash = '\0';
	printf("%s - %s%s%s\n", line, name, why ? " # SKIP " : "", why ? why : "");
}

static void print_tap(FILE *f)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0)
			print_result(line);
		else if (strncmp(line, "1..", 3) == 0)
			printf("%s\n", line);
		else
			printf("# %s\n", line);
	}
	free(line);
}

int tap_main(Suite *s)
{
	SRunner *sr = srunner_create(s);
	char path[] = "/tmp/exd-tap-XXXXXX";
	int fd = mkstemp(path);
	FILE *f;

	skips = mmap(NULL, sizeof(*skips), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || skips == MAP_FAILED) {
		printf("Bail out! no temporary file or memory\n");
		return 1;
	}
	srunner_set_fork_status(sr, CK_FORK);
	srunner_set_tap(sr, path);
	srunner_run_all(sr, CK_SILENT);
	srunner_free(sr);
	f = fdopen(fd, "r");
	print_tap(f);
	fclose(f);
	unlink(path);
	return 0;
}
