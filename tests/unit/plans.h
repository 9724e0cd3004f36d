/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans, and what is in the bytes that they are sealed to. */
#ifndef EXECDRIVER_TESTS_PLANS_H
#define EXECDRIVER_TESTS_PLANS_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "core/plan.h"
#include "tests/tap.h"

static const char *const args[] = {"/bin/true", "-x", NULL};
static const char *const env[] = {"A=1", "PATH=/one::/two/", NULL};

static inline struct exd_plan *new_plan(void)
{
	struct exd_command *command = NULL;
	struct exd_plan *plan = NULL;

	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(plan_new(&plan, -1, command, NULL), 0);
	exd_command_free(command);
	return plan;
}

/* The sealed bytes, mapped; the caller unmaps head->size bytes. */
static inline const struct wire_plan *seal(struct exd_plan *plan, uint64_t *hash)
{
	struct exd_error err = EXD_ERROR_INIT;
	const struct wire_plan *head;
	struct stat st;
	int fd = -1;

	ck_assert_msg(plan_seal(plan, &fd, hash, &err) == 0, "%s", err.text);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS) &
				 (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
			 F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	head = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(head, MAP_FAILED);
	ck_assert_uint_eq(head->size, (size_t)st.st_size);
	close(fd);
	return head;
}

static inline void unmap(const struct wire_plan *head)
{
	munmap((void *)(uintptr_t)head, head->size);
}

static inline const struct wire_step *step_at(const struct wire_plan *head, int index)
{
	return (const struct wire_step *)(head + 1) + index;
}

static inline int all_steps(const struct wire_plan *head)
{
	int n = 0;

	for (int i = 0; i < WIRE_PHASES; i++)
		n += head->phase_steps[i];
	return n;
}

static inline const char *text_at(const struct wire_plan *head, const struct wire_step *step, int index)
{
	return (const char *)step_at(head, all_steps(head)) + step->str[index].offset;
}

/* The plan has failed with this code and stays so. */
static inline void assert_failed(struct exd_plan *plan, enum exd_code code, const char *part)
{
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_lt(exd_plan_error(plan, &err), 0);
	ck_assert_uint_eq(err.code, code);
	ck_assert_msg(strstr(err.text, part) != NULL, "'%s' has no '%s'", err.text, part);
	ck_assert_int_lt(exd_plan_hostname(plan, "x"), 0);
	ck_assert_int_lt(plan_seal(plan, NULL, NULL, NULL), 0);
}

#endif
