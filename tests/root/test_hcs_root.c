/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The emulated compute service where it is root's: roots of systems, and other users. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/unit/contains.h"
#include "tests/unit/hcs_rig.h"

#define NOBODY 65534

/* A tree with one program: tests/root/inside of the build, as /bin/inside. */
static void make_tree(const char *tree)
{
	char command[1024];

	snprintf(command, sizeof(command), "mkdir -p %s/bin && cp %s/tests/root/inside %s/bin/inside",
		 tree, getenv("EXD_TEST_BUILDDIR"), tree);
	ck_assert_int_eq(system(command), 0);
}

static void create_with_volume(struct hcs_client *client, const char *volume)
{
	char document[512];

	snprintf(document, sizeof(document),
		 "{\"SystemType\":\"Container\",\"Name\":\"web\",\"VolumePath\":\"%s\"}", volume);
	rig_system(client, "web", document);
}

static void check_isolated(struct hcs_client *client, const char *want)
{
	char *json;

	ck_hcs(hcs_properties(client, "web", &json), HCS_OK);
	ck_assert_contains(json, want);
	free(json);
}

/* Programs of the tree are found, those of the host are not. */
START_TEST(test_root_of_its_own)
{
	struct hcs_client *client = rig_client();
	const int handles[3] = {-1, -1, -1};
	struct hcs_process process;
	char tree[128];

	snprintf(tree, sizeof(tree), "%s/tree", rig_root());
	make_tree(tree);
	create_with_volume(client, tree);
	check_isolated(client, "\"Isolated\":true");
	process = rig_process(client, "web", RIG_PROCESS("inside exit 23"));
	ck_assert_uint_eq(rig_exit(client, "web", &process), 23);
	ck_hcs(hcs_create_process(client, "web", RIG_PROCESS("/usr/bin/env"), handles, &process),
	       HCS_E_FILE_NOT_FOUND);
	ck_hcs(hcs_create_process(
		       client, "web",
		       "{\"CommandLine\":\"inside exit 0\",\"WorkingDirectory\":\"/usr\"}",
		       handles, &process),
	       HCS_E_BAD_DIRECTORY);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}
END_TEST

/* A volume that no program can be in is only a name. */
START_TEST(test_volume_without_programs)
{
	struct hcs_client *client = rig_client();
	struct hcs_process process;
	char volume[128];

	snprintf(volume, sizeof(volume), "%s/volume", rig_root());
	ck_assert_int_eq(mkdir(volume, 0755), 0);
	create_with_volume(client, volume);
	check_isolated(client, "\"Isolated\":false");
	process = rig_process(client, "web", RIG_PROCESS("true"));
	ck_assert_uint_eq(rig_exit(client, "web", &process), 0);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}
END_TEST

/* Whoever gets as far as the socket is asked who they are. */
START_TEST(test_other_users)
{
	struct hcs_client *client = rig_client();
	char path[128];
	siginfo_t info;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/.hcs", rig_root());
	ck_assert_int_eq(chmod(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/.hcs/sock", rig_root());
	ck_assert_int_eq(chmod(path, 0666), 0);
	pid = fork();
	if (pid == 0) {
		struct hcs_client *other = NULL;

		if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(2);
		_exit(hcs_connect(rig_root_fd(), 30000, &other) == -ECONNREFUSED ? 0 : 1);
	}
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, 0);
	rig_end(client);
}
END_TEST

/* Root may talk to anybody's service, which changes no root for that. */
START_TEST(test_of_another_user)
{
	struct hcs_client *client;
	siginfo_t info;
	char tree[128];
	pid_t pid;

	ck_assert_int_eq(fchown(rig_root_fd(), NOBODY, NOBODY), 0);
	snprintf(tree, sizeof(tree), "%s/tree", rig_root());
	make_tree(tree);
	pid = fork();
	if (pid == 0) {
		if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(2);
		client = rig_client();
		create_with_volume(client, tree);
		_exit(0);
	}
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, 0);
	client = rig_connect();
	ck_assert_ptr_nonnull(client);
	check_isolated(client, "\"Isolated\":false");
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}
END_TEST

/* Where this host lets cgroups be made. */
static bool make_monitors_cgroup(char *path, size_t size)
{
	static const char *const places[] = {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, size, "%s/execdriver-monitor", places[i]);
		(void)mkdir(path, 0755);
		snprintf(path, size, "%s/execdriver-monitor/hcs-test-%d", places[i], getpid());
		if (mkdir(path, 0755) == 0)
			return true;
	}
	return false;
}

/* Its worker may be in the cgroup of a monitor: it must not keep that from going. */
START_TEST(test_in_no_monitors_cgroup)
{
	char path[128], procs[160], text[4096];
	siginfo_t info;
	pid_t pid;

	if (!make_monitors_cgroup(path, sizeof(path)))
		tap_skip("no cgroups can be made here");
	(void)rig_root_fd();
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	pid = fork();
	if (pid == 0) {
		struct hcs_client *client;

		if (write_file_at(AT_FDCWD, procs, "0", 1) < 0)
			_exit(2);
		client = rig_client();
		ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_OK);
		_exit(0);
	}
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, 0);
	snprintf(procs, sizeof(procs), "/proc/%d/cgroup", rig_service());
	ck_assert_int_gt(read_file_at(AT_FDCWD, procs, text, sizeof(text)), 0);
	ck_assert_ptr_null(strstr(text, "execdriver-monitor"));
	ck_assert_int_eq(rmdir(path), 0);
	{
		struct hcs_client *client = rig_connect();

		ck_assert_ptr_nonnull(client);
		ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
		rig_end(client);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_root");
	TCase *tc = tap_tcase(s, "root");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_root_of_its_own);
	tcase_add_test(tc, test_volume_without_programs);
	tcase_add_test(tc, test_other_users);
	tcase_add_test(tc, test_of_another_user);
	tcase_add_test(tc, test_in_no_monitors_cgroup);
	return tap_main(s);
}
