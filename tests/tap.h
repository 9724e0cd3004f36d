/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TAP for test programs written with the check library: one printed line per test case. */
#ifndef EXECDRIVER_TESTS_TAP_H
#define EXECDRIVER_TESTS_TAP_H

#include <check.h>

/*
 * Runs the suite, each case in a process of its own, prints TAP and frees the suite. A failed case
 * is a "not ok" line; the exit code is 0 whenever TAP was printed.
 *
 *	int main(void)
 *	{
 *		Suite *s = suite_create("strutil");
 *		TCase *tc = tap_tcase(s, "split");
 *
 *		tcase_add_test(tc, test_split_empty);
 *		return tap_main(s);
 *	}
 */
int tap_main(Suite *s);

/* A case group of the suite in which every test must leave as many descriptors open as it found. */
TCase *tap_tcase(Suite *s, const char *name);

/* How many descriptors this process has open. */
int tap_count_fds(void);

/*
 * Skips the test that calls it, with the reason; a failure where EXD_TEST_MUST_WORK=1. Only in the
 * body of a START_TEST, since it returns.
 */
#define tap_skip(why)                         \
	do {                                  \
		tap_note_skip(__func__, why); \
		return;                       \
	} while (0)

/* The same for what this kind of machine cannot have, be it set up as it may: never a failure. */
#define tap_not_here(why)                         \
	do {                                      \
		tap_note_not_here(__func__, why); \
		return;                           \
	} while (0)

void tap_note_skip(const char *func, const char *why);
void tap_note_not_here(const char *func, const char *why);

#endif
