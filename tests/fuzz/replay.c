/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives a fuzz target every input of its corpus, without a fuzzer: replay_NAME reads corpus/NAME. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

static const char *target;

static void replay(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	uint8_t *data;

	ck_assert_msg(file != NULL && stat(path, &st) == 0, "cannot read %s", path);
	/* Exactly as large as it is, or a sanitizer would see nothing. */
	data = malloc(st.st_size ? (size_t)st.st_size : 1);
	ck_assert_ptr_nonnull(data);
	ck_assert_uint_eq(fread(data, 1, (size_t)st.st_size, file), (size_t)st.st_size);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_msg(LLVMFuzzerTestOneInput(data, (size_t)st.st_size) == 0, "%s", path);
	free(data);
}

START_TEST(test_corpus_is_handled)
{
	char folder[4096], path[4400];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	(void)snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
		       getenv("EXD_TEST_SRCDIR"), target);
	dir = opendir(folder);
	ck_assert_msg(dir != NULL, "cannot read %s", folder);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		replay(path);
		count++;
	}
	(void)closedir(dir);
	ck_assert_int_gt(count, 0);
}
END_TEST

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '_') : NULL;
	TCase *tc = tcase_create("corpus");
	Suite *s;

	(void)argc;
	target = name ? name + 1 : "";
	s = suite_create(target);
	/* A target keeps what it works with for the next input. */
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_corpus_is_handled);
	suite_add_tcase(s, tc);
	return tap_main(s);
}
