/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A temporary folder for a test: files are written below it, all goes with it. */
#ifndef EXECDRIVER_TESTS_UNIT_SCRATCH_H
#define EXECDRIVER_TESTS_UNIT_SCRATCH_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/contains.h"

struct scratch {
	char path[64];
	char name[256]; /* of the last scratch_path() */
};

static inline void scratch_make(struct scratch *scratch)
{
	strcpy(scratch->path, "/tmp/exd-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch->path));
	ck_assert_int_eq(chmod(scratch->path, 0755), 0);
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
				     struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void scratch_remove(struct scratch *scratch)
{
	ck_assert_int_eq(nftw(scratch->path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* A path below the folder; good until the next call. */
static inline const char *scratch_path(struct scratch *scratch, const char *name)
{
	snprintf(scratch->name, sizeof(scratch->name), "%s/%s", scratch->path, name);
	return scratch->name;
}

static inline void scratch_write(struct scratch *scratch, const char *name, const char *text)
{
	FILE *f = fopen(scratch_path(scratch, name), "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(scratch->name, 0644), 0);
}

static inline void scratch_mkdir(struct scratch *scratch, const char *name)
{
	ck_assert_int_eq(mkdir(scratch_path(scratch, name), 0755), 0);
	ck_assert_int_eq(chmod(scratch->name, 0755), 0);
}

/* Copies tests/drivers/SOURCE.so of the build to a file of this name. */
static inline void scratch_driver(struct scratch *scratch, const char *source, const char *name)
{
	char from[PATH_MAX], block[4096];
	size_t size;
	FILE *in, *out;

	snprintf(from, sizeof(from), "%s/tests/drivers/%s.so", getenv("EXD_TEST_BUILDDIR"), source);
	in = fopen(from, "re");
	out = fopen(scratch_path(scratch, name), "we");
	ck_assert_msg(in != NULL, "cannot read %s", from);
	ck_assert_ptr_nonnull(out);
	while ((size = fread(block, 1, sizeof(block), in)) > 0)
		ck_assert_uint_eq(fwrite(block, 1, size, out), size);
	fclose(in);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(scratch->name, 0644), 0);
}

#endif
