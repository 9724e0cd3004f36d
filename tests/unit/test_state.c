/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state directory: ids, root, locks, and the text of state.json. */
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>

#include "base/cleanup.h"
#include "core/ids.h"
#include "core/plan.h"
#include "core/state.h"
#include "core/state_list.h"

static char top[] = "/tmp/exd-state-XXXXXX";
static int root = FD_NONE;

static void setup(void)
{
	strcpy(top, "/tmp/exd-state-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	ck_assert_int_eq(system(command), 0);
	close(take_fd(&root));
}

/* ---- ids ------------------------------------------------------------------------------------- */

START_TEST(test_id_rules)
{
	static const char *const good[] = {"a", "9", "A.b_c-d+e", "0..", NULL};
	static const char *const bad[] = {"", ".", "..", "-a", "_a",
					  "a/b", "a b", "a\n", "\xc3\xa4", NULL};
	char id[ID_MAX + 2];

	for (int i = 0; good[i]; i++)
		ck_assert_msg(id_valid(good[i]), "'%s'", good[i]);
	for (int i = 0; bad[i]; i++)
		ck_assert_msg(!id_valid(bad[i]), "'%s'", bad[i]);
	ck_assert(!id_valid(NULL));
	memset(id, 'x', sizeof(id));
	id[ID_MAX] = '\0';
	ck_assert(id_valid(id));
	id[ID_MAX] = 'x';
	id[ID_MAX + 1] = '\0';
	ck_assert(!id_valid(id));
}
END_TEST

START_TEST(test_id_of_10_kb_gives_a_short_line)
{
	struct exd_error err = EXD_ERROR_INIT;
	char *id = calloc(1, 10001);

	memset(id, 'x', 10000);
	ck_assert_int_lt(id_check(id, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_ID);
	ck_assert_ptr_nonnull(strstr(err.text, "xxx...'"));
	ck_assert_uint_lt(strlen(err.text), 200);
	free(id);
	ck_assert_int_lt(id_check(NULL, &err), 0);
}
END_TEST

START_TEST(test_generated_ids_are_valid_and_differ)
{
	char a[ID_SIZE], b[ID_SIZE];

	ck_assert_int_eq(id_generate(a, NULL), 0);
	ck_assert_int_eq(id_generate(b, NULL), 0);
	ck_assert_uint_eq(strlen(a), 12);
	ck_assert(id_valid(a));
	ck_assert_str_ne(a, b);
}
END_TEST

/* ---- the root -------------------------------------------------------------------------------- */

START_TEST(test_root_is_made_private_with_its_parents)
{
	char path[64];
	char *real = NULL;
	struct stat st;
	int fd = FD_NONE;

	snprintf(path, sizeof(path), "%s/a/b/", top);
	ck_assert_int_eq(state_root_open(path, &real, &fd, NULL), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(real[0], '/');
	ck_assert_ptr_nonnull(strstr(real, "/a/b"));
	close(fd);
	free(real);
}
END_TEST

START_TEST(test_root_that_others_can_write_is_refused)
{
	struct exd_error err = EXD_ERROR_INIT;
	char *real = NULL;
	int fd = FD_NONE;

	ck_assert_int_eq(chmod(top, 0777), 0);
	ck_assert_int_lt(state_root_open(top, &real, &fd, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_STATE);
	ck_assert_ptr_nonnull(strstr(err.text, top));
	ck_assert_int_eq(fd, FD_NONE);
	ck_assert_ptr_null(real);
}
END_TEST

START_TEST(test_root_that_is_a_file_is_refused)
{
	struct exd_error err = EXD_ERROR_INIT;
	char *real = NULL;
	int fd = FD_NONE;

	ck_assert_int_lt(state_root_open("/dev/null", &real, &fd, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_STATE);
	ck_assert_int_lt(state_root_open("/dev/null/x", &real, &fd, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/dev/null"));
	ck_assert_int_lt(state_root_open("", &real, &fd, &err), 0);
}
END_TEST

START_TEST(test_root_lock_is_shared_or_exclusive)
{
	int a = state_root_lock(root, false, NULL);
	int b = state_root_lock(root, false, NULL);
	int other = openat(root, ".lock", O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(a, 0);
	ck_assert_int_ge(b, 0);
	ck_assert_int_lt(flock(other, LOCK_EX | LOCK_NB), 0);
	close(a);
	close(b);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
}
END_TEST

/* ---- containers' directories ----------------------------------------------------------------- */

START_TEST(test_created_directory_is_private_and_locked)
{
	struct state_dir dir = STATE_DIR_INIT, again = STATE_DIR_INIT;
	struct stat st;

	ck_assert_int_eq(state_create(root, "box", &dir, NULL), 0);
	ck_assert_str_eq(dir.id, "box");
	ck_assert_int_eq(fstat(dir.fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert(!state_locked(&dir));
	ck_assert_int_eq(state_open(root, "box", &again, NULL), 0);
	ck_assert(state_locked(&again));
	ck_assert_int_eq(state_try_lock(&again), -EWOULDBLOCK);
	state_dir_close(&dir);
	ck_assert(!state_locked(&again));
	ck_assert_int_eq(state_try_lock(&again), 0);
	state_dir_close(&again);
}
END_TEST

/* Tries to make "box" once more and checks that the refusal says this. */
static void assert_in_use(const char *hint)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_eq(state_create(root, "box", &dir, &err), -EEXIST);
	ck_assert_uint_eq(err.code, EXD_ERR_ID_IN_USE);
	ck_assert_msg(strstr(err.text, hint) && strstr(err.text, "'box'"), "%s", err.text);
	ck_assert_int_lt(dir.fd, 0);
}

static void touch(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

START_TEST(test_id_in_use_says_by_whom)
{
	struct state_dir dir = STATE_DIR_INIT;

	ck_assert_int_eq(state_create(root, "box", &dir, NULL), 0);
	assert_in_use("in use");
	close(take_fd(&dir.lock_fd));
	assert_in_use("driverctl gc");
	touch(dir.fd, "state.json");
	assert_in_use("driverctl list");
	touch(dir.fd, "exit.json");
	assert_in_use("driverctl delete");
	state_dir_close(&dir);
}
END_TEST

START_TEST(test_bad_and_unknown_ids_are_told_apart)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_lt(state_create(root, "../x", &dir, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_ID);
	ck_assert_int_eq(state_open(root, "nobody", &dir, &err), -ENOENT);
	ck_assert_uint_eq(err.code, EXD_ERR_NOT_FOUND);
	ck_assert_int_eq(symlinkat("/tmp", root, "link"), 0);
	ck_assert_int_lt(state_open(root, "link", &dir, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_STATE);
}
END_TEST

START_TEST(test_remove_takes_all_files_and_is_idempotent)
{
	struct state_dir dir = STATE_DIR_INIT;

	ck_assert_int_eq(state_create(root, "box", &dir, NULL), 0);
	touch(dir.fd, "state.json");
	touch(dir.fd, "output");
	touch(dir.fd, ".exit.json.tmp");
	ck_assert_int_eq(state_remove(root, "box", NULL), 0);
	ck_assert_int_lt(faccessat(root, "box", F_OK, 0), 0);
	ck_assert_int_eq(state_remove(root, "box", NULL), 0);
	ck_assert_int_lt(state_remove(root, "..", NULL), 0);
	state_dir_close(&dir);
}
END_TEST

START_TEST(test_lock_of_a_removed_directory_is_no_lock)
{
	struct state_dir dir = STATE_DIR_INIT, late = STATE_DIR_INIT;

	ck_assert_int_eq(state_create(root, "box", &dir, NULL), 0);
	ck_assert_int_eq(state_open(root, "box", &late, NULL), 0);
	ck_assert_int_eq(state_remove(root, "box", NULL), 0);
	state_dir_close(&dir);
	ck_assert_int_eq(state_try_lock(&late), -ENOENT);
	state_dir_close(&late);
}
END_TEST

START_TEST(test_list_is_sorted_and_has_only_ids)
{
	struct name_list ids = {0};

	ck_assert_int_eq(state_list(root, &ids), 0);
	ck_assert_uint_eq(ids.count, 0);
	name_list_free(&ids);
	ck_assert_int_eq(mkdirat(root, "b", 0700), 0);
	ck_assert_int_eq(mkdirat(root, "a", 0700), 0);
	ck_assert_int_eq(mkdirat(root, ".monitor", 0700), 0);
	ck_assert_int_eq(state_list(root, &ids), 0);
	ck_assert_uint_eq(ids.count, 2);
	ck_assert_str_eq(ids.names[0], "a");
	ck_assert_str_eq(ids.names[1], "b");
	name_list_free(&ids);
}
END_TEST

START_TEST(test_monitor_lives_while_its_lock_is_held)
{
	int fd;

	ck_assert(!monitor_alive(root, "01234567"));
	ck_assert(!monitor_alive(root, "../../etc"));
	ck_assert(!monitor_alive(root, ""));
	ck_assert(!monitor_alive(root, NULL));
	ck_assert_int_eq(mkdirat(root, ".monitor", 0700), 0);
	ck_assert_int_eq(mkdirat(root, ".monitor/01234567", 0700), 0);
	ck_assert(!monitor_alive(root, "01234567"));
	fd = openat(root, ".monitor/01234567/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert(!monitor_alive(root, "01234567"));
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert(monitor_alive(root, "01234567"));
	close(fd);
	ck_assert(!monitor_alive(root, "01234567"));
}
END_TEST

/* ---- state.json ------------------------------------------------------------------------------ */

struct told {
	struct exd_command *command;
	struct exd_plan *plan;
};

static void told_new(struct told *told)
{
	ck_assert_int_eq(exd_command_new(&told->command, NULL), 0);
	ck_assert_int_eq(exd_command_add(told->command, EXD_KEY_ARGS, "sh", NULL), 0);
	ck_assert_int_eq(plan_new(&told->plan, root, told->command, NULL), 0);
}

static void told_free(struct told *told)
{
	exd_command_free(told->command);
	plan_free(told->plan);
}

static int tell(const struct told *told, char **text, struct exd_error *err)
{
	struct state_fields fields = {
		.id = "box",
		.driver = "native",
		.boot_id = "01234567-89ab-cdef-0123-456789abcdef",
		.created_ns = 1234567890123456789u,
		.command = told->command,
		.plan = told->plan,
		.monitor_dir = "01234567",
		.monitor_pid = 77,
		.monitor_start_time = 88,
		.plan_hash = 0xfedcba9876543210u,
		.detached = true,
	};

	return state_text(&fields, text, err);
}

/* The text as the monitor completes it; NULL when that is no JSON. */
static struct json_object *completed(const char *text)
{
	struct json_object *json;
	char *whole = NULL;

	ck_assert_int_gt(
		asprintf(&whole, "%s,\"status\":\"running\",\"pid\":5,\"start_time\":6}", text), 0);
	json = json_tokener_parse(whole);
	free(whole);
	return json;
}

static const char *member(struct json_object *json, const char *name)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(json, name, &value)
		       ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE)
		       : "none";
}

START_TEST(test_text_becomes_json_with_what_the_monitor_adds)
{
	struct json_object *json;
	struct told told = {0};
	char *text = NULL;

	told_new(&told);
	exd_command_add(told.command, EXD_KEY_ARGS, "echo \"a\\b\"\n\xff", NULL);
	exd_command_add(told.command, EXD_KEY_ANNOTATIONS, "who=me=you", NULL);
	exd_command_set_string(told.command, EXD_KEY_ROOTFS, "/srv/root", NULL);
	exd_plan_note(told.plan, "note", "value");
	exd_plan_cgroup(told.plan, "pids", "/sys/fs/cgroup/pids", "exd/box");
	ck_assert_int_eq(tell(&told, &text, NULL), 0);
	json = completed(text);
	ck_assert_ptr_nonnull(json);
	ck_assert_str_eq(member(json, "id"), "\"box\"");
	ck_assert_str_eq(member(json, "plan_hash"), "\"fedcba9876543210\"");
	ck_assert_str_eq(member(json, "created_ns"), "1234567890123456789");
	ck_assert_str_eq(member(json, "rootfs"), "\"/srv/root\"");
	ck_assert_str_eq(member(json, "args"), "[\"sh\",\"echo \\\"a\\\\b\\\"\\n\xff\"]");
	ck_assert_str_eq(member(json, "annotations"), "{\"who\":\"me=you\"}");
	ck_assert_str_eq(member(json, "notes"), "{\"note\":\"value\"}");
	ck_assert_str_eq(
		member(json, "cgroups"),
		"[{\"controllers\":\"pids\",\"mount\":\"/sys/fs/cgroup/pids\",\"path\":\"exd/box\"}]");
	ck_assert_str_eq(member(json, "monitor"),
			 "{\"dir\":\"01234567\",\"pid\":77,\"start_time\":88}");
	ck_assert_str_eq(member(json, "detached"), "true");
	ck_assert_str_eq(member(json, "pid"), "5");
	json_object_put(json);
	free(text);
	told_free(&told);
}
END_TEST

START_TEST(test_long_arguments_are_cut)
{
	struct json_object *json;
	struct told told = {0};
	char *text = NULL, *large = calloc(1, 100001);

	told_new(&told);
	memset(large, 1, 100000);
	exd_command_add(told.command, EXD_KEY_ARGS, large, NULL);
	ck_assert_int_eq(tell(&told, &text, NULL), 0);
	ck_assert_uint_lt(strlen(text), STATE_TEXT_MAX);
	json = completed(text);
	ck_assert_str_eq(member(json, "args"), "[\"sh\"]");
	ck_assert_str_eq(member(json, "args_cut"), "true");
	json_object_put(json);
	free(text);
	free(large);
	told_free(&told);
}
END_TEST

START_TEST(test_annotations_that_do_not_fit_are_refused)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct told told = {0};
	char *text = NULL, *large = calloc(1, 100001);

	told_new(&told);
	memset(large, 'x', 100000);
	large[1] = '=';
	ck_assert_int_eq(exd_command_add(told.command, EXD_KEY_ANNOTATIONS, large, NULL), 0);
	ck_assert_int_lt(tell(&told, &text, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_KEY);
	ck_assert_ptr_nonnull(strstr(err.text, "annotations"));
	ck_assert_ptr_null(text);
	free(large);
	told_free(&told);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state");
	TCase *ids = tap_tcase(s, "ids"), *dirs = tap_tcase(s, "dirs"),
	      *texts = tap_tcase(s, "text");

	tcase_add_test(ids, test_id_rules);
	tcase_add_test(ids, test_id_of_10_kb_gives_a_short_line);
	tcase_add_test(ids, test_generated_ids_are_valid_and_differ);
	tcase_add_checked_fixture(dirs, setup, teardown);
	tcase_add_test(dirs, test_root_is_made_private_with_its_parents);
	tcase_add_test(dirs, test_root_that_others_can_write_is_refused);
	tcase_add_test(dirs, test_root_that_is_a_file_is_refused);
	tcase_add_test(dirs, test_root_lock_is_shared_or_exclusive);
	tcase_add_test(dirs, test_created_directory_is_private_and_locked);
	tcase_add_test(dirs, test_id_in_use_says_by_whom);
	tcase_add_test(dirs, test_bad_and_unknown_ids_are_told_apart);
	tcase_add_test(dirs, test_remove_takes_all_files_and_is_idempotent);
	tcase_add_test(dirs, test_lock_of_a_removed_directory_is_no_lock);
	tcase_add_test(dirs, test_list_is_sorted_and_has_only_ids);
	tcase_add_test(dirs, test_monitor_lives_while_its_lock_is_held);
	tcase_add_test(texts, test_text_becomes_json_with_what_the_monitor_adds);
	tcase_add_test(texts, test_long_arguments_are_cut);
	tcase_add_test(texts, test_annotations_that_do_not_fit_are_refused);
	return tap_main(s);
}
