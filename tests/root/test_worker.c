/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that a worker of the driver starts: all that holds for others holds for them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/root/worker_rig.h"

/* ---- ends ------------------------------------------------------------------------------------ */

START_TEST(test_exit_codes)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_exit_status status = STATUS_INIT;

	must(worker_run(engine, "good", "exit 0", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 0);
	must(worker_run(engine, "good", "exit 42", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 42);
	ck_assert_uint_eq(status.lost, EXD_LOST_NO);
	ck_assert_uint_gt(status.started_ns, 0);
	ck_assert_uint_ge(status.finished_ns, status.started_ns);
	must(worker_run(engine, "good", "kill -9 $$", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 137);
	ck_assert_uint_eq(status.signal, SIGKILL);
	must(worker_run(engine, "leaky", "exit 5", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 5);
	worker_end(engine);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("worker");

	lib_add(s, "end", test_exit_codes);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
