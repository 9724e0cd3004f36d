/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of containers: what is believed of them, what status follows, what they open. */
#include "tests/unit/records.h"

#include "core/plan.h"

/* ---- loading --------------------------------------------------------------------------------- */

START_TEST(test_fields_are_read)
{
	struct exd_record *record;

	write_state("box", getpid(), boot, ",\"detached\":true,\"plan_hash\":\"00000000000000ff\"");
	record = load("box");
	ck_assert_str_eq(exd_record_id(record), "box");
	ck_assert_str_eq(record->driver, "fake");
	ck_assert_str_eq(exd_record_rootfs(record), "/r");
	ck_assert_str_eq(exd_record_note(record, "n"), "o");
	ck_assert_ptr_null(exd_record_note(record, "m"));
	ck_assert_int_eq(exd_record_pid(record), getpid());
	ck_assert_str_eq(record->monitor_dir, "01234567");
	ck_assert_int_eq(record->monitor_pid, 7);
	ck_assert_uint_eq(record->created_ns, 42);
	ck_assert_uint_eq(record->plan_hash, 255);
	ck_assert(record->detached);
	record_free(record);
	ck_assert_ptr_null(record_free(NULL));
}
END_TEST

START_TEST(test_unknown_container_is_not_found)
{
	struct exd_record *record = NULL;
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_eq(record_load(root, "nobody", &record, &err), -ENOENT);
	ck_assert_uint_eq(err.code, EXD_ERR_NOT_FOUND);
	ck_assert_int_lt(record_load(root, "/etc", &record, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_ID);
	ck_assert_ptr_null(record);
}
END_TEST

/* Every one of these is no record of "box". */
static const char *const damaged[] = {
	"",
	"{",
	"[]",
	"null",
	"{} x",
	"{\"id\":\"box\"}",
	"{\"id\":\"other\",\"driver\":\"d\",\"boot_id\":\"b\"}",
	"{\"id\":5,\"driver\":\"d\",\"boot_id\":\"b\"}",
	"{\"id\":\"box\",\"driver\":\"\",\"boot_id\":\"b\"}",
	"{\"id\":\"box\",\"driver\":\"d\\u0000x\",\"boot_id\":\"b\"}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":1}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"pid\":0}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"pid\":-1}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"pid\":4294967297}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"pid\":1.5}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"pid\":\"1\"}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"detached\":1}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"args\":{}}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"args\":[1]}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"notes\":{\"a\":1}}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"plan_hash\":\"0x12\"}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"monitor\":{\"dir\":\"../x\"}}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"cgroups\":[{}]}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"cgroups\":[5]}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"cgroups\":"
	"[{\"controllers\":\"\",\"mount\":\"/c\",\"path\":\"a/../../b\"}]}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"cgroups\":"
	"[{\"controllers\":\"\",\"mount\":\"c\",\"path\":\"a\"}]}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"warm\":5}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"warm\":\"other\",\"cgroups\":[]}",
	"{\"id\":\"box\",\"driver\":\"d\",\"boot_id\":\"b\",\"warm\":\"warm-/../x\",\"cgroups\":[]}",
	"{\"id\":\"box\",\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
};

START_TEST(test_damaged_record_is_an_error)
{
	struct exd_record *record = NULL;
	struct exd_error err = EXD_ERROR_INIT;

	write_file("box", "state.json", damaged[_i]);
	ck_assert_msg(record_load(root, "box", &record, &err) < 0, "%s", damaged[_i]);
	ck_assert_uint_eq(err.code, EXD_ERR_STATE);
	ck_assert_msg(strstr(err.text, "state.json of container 'box'") != NULL, "%s", err.text);
	ck_assert_ptr_null(record);
}
END_TEST

START_TEST(test_odd_files_are_no_records)
{
	struct exd_record *record = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	char path[64];

	write_file("box", "other", "");
	snprintf(path, sizeof(path), "%s/box/state.json", top);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert_int_lt(record_load(root, "box", &record, &err), 0);
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_lt(record_load(root, "box", &record, &err), 0);
	unlink(path);
	write_file("box", "state.json", "{");
	ck_assert_int_eq(truncate(path, RECORD_FILE_MAX + 1), 0);
	ck_assert_int_eq(record_load(root, "box", &record, &err), -EBADMSG);
	ck_assert_uint_eq(err.code, EXD_ERR_STATE);
}
END_TEST

/* ---- status ---------------------------------------------------------------------------------- */

START_TEST(test_no_state_is_creating_while_locked)
{
	int lock;

	ck_assert_int_eq(mkdirat(root, "box", 0700), 0);
	ck_assert_int_eq(status_of("box"), EXD_STATUS_LOST);
	lock = hold("box/lock");
	ck_assert_int_eq(status_of("box"), EXD_STATUS_CREATING);
	close(lock);
	ck_assert_int_eq(status_of("box"), EXD_STATUS_LOST);
}
END_TEST

START_TEST(test_living_init_is_running_also_without_monitor)
{
	write_state("box", getpid(), boot, "");
	ck_assert_int_eq(status_of("box"), EXD_STATUS_RUNNING);
}
END_TEST

START_TEST(test_pid_of_another_process_is_not_init)
{
	write_state("box", getpid(), boot, ",\"start_time\":1");
	ck_assert_int_eq(status_of("box"), EXD_STATUS_LOST);
}
END_TEST

START_TEST(test_record_of_another_boot_is_lost)
{
	struct exd_record *record;

	write_state("box", getpid(), "00000000-0000-0000-0000-000000000000", "");
	record = load("box");
	ck_assert_int_eq(record_status(record), EXD_STATUS_LOST);
	ck_assert_uint_eq(record->exit.lost, EXD_LOST_REBOOT);
	ck_assert_int_eq(exd_record_pidfd(record), -ESRCH);
	record_free(record);
}
END_TEST

START_TEST(test_exit_record_decides)
{
	struct exd_record *record;

	write_state("box", getpid(), boot, "");
	write_file(
		"box", "exit.json",
		"{\"exit_code\":137,\"signal\":9,\"core_dumped\":false,\"oom_kills\":2,\"oom_killed\":true,"
		"\"oom_evidence\":1,\"stdio_held_open\":false,\"lost\":0,\"started_ns\":5,\"finished_ns\":6,"
		"\"user_us\":7,\"system_us\":8,\"maxrss_kb\":9}");
	record = load("box");
	ck_assert_int_eq(record_status(record), EXD_STATUS_STOPPED);
	ck_assert_uint_eq(record->exit.exit_code, 137);
	ck_assert_uint_eq(record->exit.signal, 9);
	ck_assert(record->exit.oom_killed);
	ck_assert_uint_eq(record->exit.oom_kills, 2);
	ck_assert_uint_eq(record->exit.oom_evidence, EXD_OOM_EVIDENCE_KMSG);
	ck_assert_uint_eq(record->exit.maxrss_kb, 9);
	record_free(record);
	write_file("box", "exit.json", "{\"lost\":3}");
	ck_assert_int_eq(status_of("box"), EXD_STATUS_LOST);
	write_file("box", "exit.json", "{\"exit_code\":\"0\"}");
	ck_assert_int_eq(status_of("box"), EXD_STATUS_RUNNING);
}
END_TEST

START_TEST(test_ended_init_is_lost_only_when_nobody_is_at_work)
{
	pid_t pid = start_child();
	int lock;

	write_state("box", pid, boot, "");
	lock = hold("box/lock");
	ck_assert_int_eq(status_of("box"), EXD_STATUS_RUNNING);
	end_child(pid, SIGKILL);
	ck_assert_int_eq(status_of("box"), EXD_STATUS_RUNNING);
	close(lock);
	ck_assert_int_eq(status_of("box"), EXD_STATUS_LOST);
	write_file("box", "exit.json", "{\"exit_code\":3}");
	ck_assert_int_eq(status_of("box"), EXD_STATUS_STOPPED);
}
END_TEST

/* The monitor lives and has let go of the container without a word: it could not write. */
START_TEST(test_exit_that_was_not_written_is_lost)
{
	pid_t pid = start_child();
	int lock = monitor_lock();
	struct exd_record *record;

	write_state("box", pid, boot, "");
	ck_assert_int_eq(status_of("box"), EXD_STATUS_RUNNING);
	end_child(pid, SIGKILL);
	record = load("box");
	ck_assert_int_eq(record_status(record), EXD_STATUS_LOST);
	ck_assert_uint_eq(record->exit.lost, EXD_LOST_RECORD);
	record_free(record);
	close(lock);
}
END_TEST

/* Out of descriptors, nothing is known: least of all that nobody is there. */
START_TEST(test_nothing_is_lost_for_want_of_descriptors)
{
	struct rlimit all, none;
	struct exd_record *record;
	int lock = monitor_lock();
	enum exd_status status;
	bool locked, alive;

	write_state("box", getpid(), boot, "");
	write_file("box", "lock", "");
	record = load("box");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &all), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = all.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	status = record_status(record);
	locked = state_locked(&record->dir);
	alive = monitor_alive(root, "01234567");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &all), 0);
	ck_assert_int_eq(status, EXD_STATUS_RUNNING);
	ck_assert(locked);
	ck_assert(alive);
	record_free(record);
	close(lock);
}
END_TEST

START_TEST(test_zombie_has_ended)
{
	pid_t pid = start_child();

	write_state("box", pid, boot, "");
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(status_of("box"), EXD_STATUS_LOST);
	end_child(pid, 0);
}
END_TEST

START_TEST(test_kernel_gives_the_code_through_a_held_pidfd)
{
	pid_t pid = start_child();
	struct exd_record *record;
	int status, fd;

	write_state("box", pid, boot, "");
	record = load("box");
	fd = exd_record_pidfd(record);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(exd_record_pidfd(record), fd);
	ck_assert_int_ne(pidfd_exit_info(fd, &status), 0);
	end_child(pid, SIGUSR1);
	ck_assert_int_eq(exd_record_pidfd(record), -ESRCH);
	if (pidfd_exit_info(fd, &status) == -EOPNOTSUPP) {
		ck_assert_int_eq(record_status(record), EXD_STATUS_LOST);
	} else {
		ck_assert_int_eq(record_status(record), EXD_STATUS_STOPPED);
		ck_assert_uint_eq(record->exit.exit_code, 128 + SIGUSR1);
	}
	record_free(record);
}
END_TEST

START_TEST(test_saved_exit_is_read_again)
{
	const struct exd_exit_status exit = {
		.struct_size = sizeof(exit),
		.exit_code = 7,
		.lost = EXD_LOST_MONITOR,
		.oom_kills = 3,
		.finished_ns = 9,
		.stdio_held_open = true,
	};
	struct exd_record *record;

	write_state("box", getpid(), boot, "");
	record = load("box");
	ck_assert_int_eq(record_save_exit(record, &exit, NULL), 0);
	record_free(record);
	record = load("box");
	ck_assert_int_eq(record_status(record), EXD_STATUS_LOST);
	ck_assert_mem_eq(&record->exit, &exit, sizeof(exit));
	record_free(record);
}
END_TEST

/* ---- descriptors ----------------------------------------------------------------------------- */

START_TEST(test_namespaces_of_a_running_container)
{
	pid_t pid = start_child();
	struct exd_record *record;
	struct exd_error err = EXD_ERROR_INIT;
	struct stat ours, theirs;
	int fd;

	write_state("box", pid, boot, "");
	record = load("box");
	fd = exd_record_namespace(record, "net", &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(fstat(fd, &theirs), 0);
	ck_assert_int_eq(stat("/proc/self/ns/net", &ours), 0);
	ck_assert_uint_eq(ours.st_ino, theirs.st_ino);
	close(fd);
	ck_assert_int_lt(exd_record_namespace(record, "../exe", &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_INVALID);
	ck_assert_int_lt(exd_record_namespace(record, "nothing", &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_NAMESPACE);
	end_child(pid, SIGKILL);
	ck_assert_int_lt(exd_record_namespace(record, "net", &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_NOT_RUNNING);
	record_free(record);
}
END_TEST

START_TEST(test_box_names_the_cgroup_of_v2)
{
	struct exd_record *record;
	const char *path;

	write_state("box", getpid(), boot,
		    ",\"warm\":\"warm-01234567-1\",\"cgroups\":["
		    "{\"controllers\":\"cpu\",\"mount\":\"/c\",\"path\":\"p/box\"},"
		    "{\"controllers\":\",pids\",\"mount\":\"/u\",\"path\":\"p/box\"},"
		    "{\"controllers\":\"\",\"mount\":\"/v\",\"path\":\"box\"}]");
	record = load("box");
	ck_assert(exd_record_cgroup(record, 0, NULL, NULL, &path));
	ck_assert_str_eq(path, "p/box");
	ck_assert(exd_record_cgroup(record, 1, NULL, NULL, &path));
	ck_assert_str_eq(path, "p/warm-01234567-1");
	ck_assert(exd_record_cgroup(record, 2, NULL, NULL, &path));
	ck_assert_str_eq(path, "warm-01234567-1");
	record_free(record);
}
END_TEST

START_TEST(test_cgroups_are_found_by_controller)
{
	struct exd_record *record;
	const char *controllers, *mount, *path;
	char more[256];
	struct stat st, expected;
	int fd;

	ck_assert_int_eq(mkdirat(root, "leaf", 0700), 0);
	snprintf(
		more, sizeof(more),
		",\"cgroups\":[{\"controllers\":\"cpu,cpuacct\",\"mount\":\"%s\",\"path\":\"/leaf\"},"
		"{\"controllers\":\"\",\"mount\":\"%s\",\"path\":\"gone\"}]",
		top, top);
	write_state("box", getpid(), boot, more);
	record = load("box");
	ck_assert_uint_eq(exd_record_cgroup_count(record), 2);
	ck_assert(exd_record_cgroup(record, 1, &controllers, &mount, &path));
	ck_assert_str_eq(controllers, "");
	ck_assert_str_eq(mount, top);
	ck_assert_str_eq(path, "gone");
	ck_assert(!exd_record_cgroup(record, 2, NULL, NULL, NULL));
	fd = exd_record_cgroup_fd(record, "cpuacct");
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(exd_record_cgroup_fd(record, "cpu"), fd);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(fstatat(root, "leaf", &expected, 0), 0);
	ck_assert_uint_eq(st.st_ino, expected.st_ino);
	ck_assert_int_eq(exd_record_cgroup_fd(record, "cpuset"), -ENOENT);
	ck_assert_int_eq(exd_record_cgroup_fd(record, "cpua"), -ENOENT);
	ck_assert_int_eq(exd_record_cgroup_fd(record, ""), -ENOENT);
	record_free(record);
}
END_TEST

static int make_counter(const char *name, const char *text)
{
	int fd = openat(root, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return close(fd);
}

START_TEST(test_files_stay_open_with_the_record)
{
	char name[64], text[8] = "";
	struct exd_record *record;
	int fd;

	write_state("box", getpid(), boot, "");
	record = load("box");
	make_counter("usage", "1");
	fd = exd_record_file(record, root, "usage");
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(exd_record_file(record, root, "usage"), fd);
	make_counter("usage", "23");
	ck_assert_int_eq(pread(fd, text, sizeof(text), 0), 2);
	ck_assert_str_eq(text, "23");
	ck_assert_int_eq(exd_record_file(record, root, "missing"), -ENOENT);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(exd_record_file(record, root, name), -ENAMETOOLONG);
	for (int i = 1; i < 64; i++) {
		snprintf(name, sizeof(name), "counter%d", i);
		make_counter(name, "");
		ck_assert_int_ge(exd_record_file(record, root, name), 0);
	}
	make_counter("one-too-many", "");
	ck_assert_int_eq(exd_record_file(record, root, "one-too-many"), -EMFILE);
	record_free(record);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(test_plan_joins_a_running_container_only)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_command *command = NULL;
	struct exd_plan *plan = NULL;
	pid_t pid = start_child();

	write_state("box", pid, boot, "");
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(plan_new(&plan, root, command, NULL), 0);
	ck_assert_int_eq(exd_plan_namespace(plan, "container:box", "net"), 0);
	end_child(pid, SIGKILL);
	ck_assert_int_lt(exd_plan_namespace(plan, "container:box", "net"), 0);
	exd_plan_error(plan, &err);
	ck_assert_uint_eq(err.code, EXD_ERR_NOT_RUNNING);
	ck_assert_str_eq(err.text,
			 "container 'box' is not running, so its net namespace cannot be joined");
	plan_free(plan);
	exd_command_free(command);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("record");
	TCase *tc = tap_tcase(s, "record");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_fields_are_read);
	tcase_add_test(tc, test_unknown_container_is_not_found);
	tcase_add_loop_test(tc, test_damaged_record_is_an_error, 0,
			    sizeof(damaged) / sizeof(damaged[0]));
	tcase_add_test(tc, test_odd_files_are_no_records);
	tcase_add_test(tc, test_no_state_is_creating_while_locked);
	tcase_add_test(tc, test_living_init_is_running_also_without_monitor);
	tcase_add_test(tc, test_pid_of_another_process_is_not_init);
	tcase_add_test(tc, test_record_of_another_boot_is_lost);
	tcase_add_test(tc, test_exit_record_decides);
	tcase_add_test(tc, test_ended_init_is_lost_only_when_nobody_is_at_work);
	tcase_add_test(tc, test_exit_that_was_not_written_is_lost);
	tcase_add_test(tc, test_nothing_is_lost_for_want_of_descriptors);
	tcase_add_test(tc, test_zombie_has_ended);
	tcase_add_test(tc, test_kernel_gives_the_code_through_a_held_pidfd);
	tcase_add_test(tc, test_saved_exit_is_read_again);
	tcase_add_test(tc, test_namespaces_of_a_running_container);
	tcase_add_test(tc, test_cgroups_are_found_by_controller);
	tcase_add_test(tc, test_files_stay_open_with_the_record);
	tcase_add_test(tc, test_box_names_the_cgroup_of_v2);
	tcase_add_test(tc, test_plan_joins_a_running_container_only);
	return tap_main(s);
}
