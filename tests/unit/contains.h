/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An assertion on parts of texts. */
#ifndef EXECDRIVER_TESTS_UNIT_CONTAINS_H
#define EXECDRIVER_TESTS_UNIT_CONTAINS_H

#include <check.h>
#include <string.h>

#define ck_assert_contains(text, part) \
	ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text)

#endif
