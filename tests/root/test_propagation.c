/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Binds through which later mounts of the host come in, and those that promise it in vain. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/mounts.h"
#include "tests/root/library.h"

static char source[] = "/tmp/exd-source-XXXXXX";

/* A mount of its own, private or shared, in a mount namespace of this test's. */
static void source_make(unsigned long propagation)
{
	char path[64];

	(void)lib_root();
	ck_assert_int_eq(mounts_own(), 0);
	strcpy(source, "/tmp/exd-source-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(source));
	ck_assert_int_eq(mount("source", source, "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(mount(NULL, source, NULL, propagation, NULL), 0);
	snprintf(path, sizeof(path), "%s/late", source);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void source_remove(void)
{
	ck_assert_int_eq(umount2(source, MNT_DETACH), 0);
	ck_assert_int_eq(rmdir(source), 0);
}

static struct exd_command *command_with(uint32_t propagation)
{
	const struct exd_mount volume = {
		.struct_size = sizeof(volume),
		.type = EXD_MOUNT_BIND,
		.source = source,
		.target = "/volume",
		.options = "",
		.propagation = propagation,
	};
	struct exd_command *command =
		lib_shell("box", "for i in $(seq 1000); do [ ! -e /volume/late/file ] || exit 7; "
				 "sleep 0.01; done; exit 1");

	must(exd_command_add_mount(command, &volume, &lib_err));
	return command;
}

/* What a mount of the host's that comes later is, in the container: 7 when it is seen. */
static uint32_t sees_late_mount(uint32_t propagation)
{
	struct exd_engine *engine = lib_engine(EXD_ENGINE_PRIVATE_MONITOR);
	struct exd_command *command = command_with(propagation);
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process = NULL;
	char path[64];
	int fd;

	must(exd_start(engine, command, NULL, NULL, EXD_START_EPHEMERAL, &process, &lib_err));
	lib_until(engine, process, EXD_PHASE_RUNNING);
	snprintf(path, sizeof(path), "%s/late", source);
	ck_assert_int_eq(mount("late", path, "tmpfs", 0, NULL), 0);
	snprintf(path, sizeof(path), "%s/late/file", source);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	close(fd);
	must(exd_process_wait(process, 30000, &status, &lib_err));
	exd_process_free(process);
	exd_command_free(command);
	lib_end(engine);
	return status.exit_code;
}

static void refused(uint32_t propagation, const char *text)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = command_with(propagation);

	ck_assert_int_lt(exd_run(engine, command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_int_eq(lib_err.code, EXD_ERR_MOUNT);
	ck_assert_msg(strstr(lib_err.text, text) && strstr(lib_err.text, source), "%s", lib_err.text);
	exd_command_free(command);
	lib_end(engine);
}

START_TEST(test_shared_of_a_private_mount)
{
	source_make(MS_PRIVATE);
	refused(MS_SHARED, "not a shared mount: 'mount --make-shared");
	source_remove();
}
END_TEST

START_TEST(test_slave_of_a_private_mount)
{
	source_make(MS_PRIVATE);
	refused(MS_SLAVE, "is to be a slave mount on '/volume'");
	source_remove();
}
END_TEST

START_TEST(test_shared_of_a_shared_mount)
{
	source_make(MS_SHARED);
	ck_assert_uint_eq(sees_late_mount(MS_SHARED), 7);
	source_remove();
}
END_TEST

START_TEST(test_slave_of_a_shared_mount)
{
	source_make(MS_SHARED);
	ck_assert_uint_eq(sees_late_mount(MS_SLAVE), 7);
	source_remove();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("propagation");

	lib_add(s, "binds", test_shared_of_a_private_mount, test_slave_of_a_private_mount,
		test_shared_of_a_shared_mount, test_slave_of_a_shared_mount);
	return tap_main(s);
}
