/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plain part of a driver for tests: each file here adds one oddity to it. */
#ifndef EXECDRIVER_TESTS_DRIVERS_ODD_H
#define EXECDRIVER_TESTS_DRIVERS_ODD_H

#include <errno.h>

#include <execdriver/driver.h>

#define UNUSED __attribute__((unused))

UNUSED static int odd_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	*self = NULL;
	return 0;
}

UNUSED static void odd_close(void *self)
{
}

UNUSED static int odd_probe(void *self, struct exd_report *report, uint64_t *caps,
			    struct exd_error *err)
{
	return 0;
}

UNUSED static int odd_run(void *self, const struct exd_command *command, struct exd_plan *plan,
			  struct exd_error *err)
{
	return -EOPNOTSUPP;
}

UNUSED static int odd_record(void *self, struct exd_record *record, struct exd_error *err)
{
	return 0;
}

UNUSED static int odd_info(void *self, struct exd_record *record, struct exd_info *info,
			   struct exd_error *err)
{
	return 0;
}

UNUSED static int odd_exec(void *self, struct exd_record *record, const struct exd_command *command,
			   struct exd_plan *plan, struct exd_error *err)
{
	return -EOPNOTSUPP;
}

/* For designated initialisers: what comes after it in the same list wins. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define ODD_DRIVER                                                                             \
	.struct_size = sizeof(struct exd_driver), .abi = EXD_DRIVER_ABI, .name = "odd",        \
	.version = "1", .summary = "a driver for tests", .open = odd_open, .close = odd_close, \
	.probe = odd_probe, .run = odd_run, .terminate = odd_record, .clean = odd_record,      \
	.info = odd_info

#endif
