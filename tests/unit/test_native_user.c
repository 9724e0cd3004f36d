/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users of a container: one strict parser, and files that may be hostile. */
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/native/user.h"

static char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
		       "# a comment: with: colons\n"
		       "daemon:x:1:1::/usr/sbin:/bin/false\n"
		       "nohome:x:7:8\n"
		       "app:x:1000:1000:App,,,:/srv/app:/bin/sh\n"
		       "brokenuid:x::0::/:\n"
		       "octal:x:010:0::/:\n"
		       "huge:x:4294967296:0::/:\n"
		       "minus:x:4294967295:0::/:\n"
		       "negative:x:-1:0::/:\n"
		       "spaced:x: 5:0::/:\n"
		       ":x:9:9::/:\n"
		       "+nis:x:11:11::/:\n"
		       "relative:x:12:12::home:\n"
		       "top:x:4294967294:4294967294::/top:\n"
		       "2000:x:3000:3000::/digits:\n"
		       "user.name-x_y$:x:13:13::/odd:";
static char group[] = "root:x:0:\n"
		      "daemon:x:1:\n"
		      "audio:x:29:app,other\n"
		      "video:x:44:other,app\n"
		      "wheel:x:10:root\n"
		      "apps:x:50:ap\n"
		      "broken:x:5x:app\n"
		      "app:x:1000:";
static const struct native_userdb db = {.passwd = passwd, .group = group};

#define BAD UINT32_MAX

static const struct {
	const char *spec;
	uint32_t uid;
	uint32_t gid;
	const char *home;
} forms[] = {
	{"", 0, 0, "/root"},
	{"0", 0, 0, "/root"},
	{"root", 0, 0, "/root"},
	{"1", 1, 1, "/usr/sbin"},
	{"daemon", 1, 1, "/usr/sbin"},
	{"nohome", 7, 8, "/"},
	{"1000", 1000, 1000, "/srv/app"},
	{"app", 1000, 1000, "/srv/app"},
	{"app:audio", 1000, 29, "/srv/app"},
	{"app:0", 1000, 0, "/srv/app"},
	{"app:77", 1000, 77, "/srv/app"},
	{"1234", 1234, 0, "/"},
	{"1234:1234", 1234, 1234, "/"},
	{"1234:app", 1234, 1000, "/"},
	{"0:0", 0, 0, "/root"},
	{"4294967294", 4294967294, 4294967294, "/top"},
	{"4294967293:4294967294", 4294967293, 4294967294, "/"},
	{"relative", 12, 12, "/"},
	{"user.name-x_y$", 13, 13, "/odd"},
	/* digits are a number also where someone has such a name */
	{"2000", 2000, 0, "/"},
	{"3000", 3000, 3000, "/digits"},
	{"1:", BAD, 0, NULL},
	{":1", BAD, 0, NULL},
	{":", BAD, 0, NULL},
	{"1::1", BAD, 0, NULL},
	{"1:1:1", BAD, 0, NULL},
	{"01", BAD, 0, NULL},
	{"00", BAD, 0, NULL},
	{"0000000000001", BAD, 0, NULL},
	{"1:01", BAD, 0, NULL},
	{" 1", BAD, 0, NULL},
	{"1 ", BAD, 0, NULL},
	{"\t1", BAD, 0, NULL},
	{"1\n", BAD, 0, NULL},
	{" ", BAD, 0, NULL},
	{"1x", BAD, 0, NULL},
	{"x1", BAD, 0, NULL},
	{"0x0", BAD, 0, NULL},
	{"0x1", BAD, 0, NULL},
	{"0b1", BAD, 0, NULL},
	{"1e3", BAD, 0, NULL},
	{"1.0", BAD, 0, NULL},
	{"1,0", BAD, 0, NULL},
	{"-1", BAD, 0, NULL},
	{"-0", BAD, 0, NULL},
	{"+1", BAD, 0, NULL},
	{"1:-1", BAD, 0, NULL},
	{"4294967295", BAD, 0, NULL},
	{"1:4294967295", BAD, 0, NULL},
	{"4294967296", BAD, 0, NULL},
	{"4294967297", BAD, 0, NULL},
	{"9999999999", BAD, 0, NULL},
	{"18446744073709551616", BAD, 0, NULL},
	{"18446744073709551617", BAD, 0, NULL},
	{"nosuch", BAD, 0, NULL},
	{"Root", BAD, 0, NULL},
	{"roo", BAD, 0, NULL},
	{"rootx", BAD, 0, NULL},
	{"root:nosuch", BAD, 0, NULL},
	{"root:broken", BAD, 0, NULL},
	{"brokenuid", BAD, 0, NULL},
	{"octal", BAD, 0, NULL},
	{"huge", BAD, 0, NULL},
	{"minus", BAD, 0, NULL},
	{"negative", BAD, 0, NULL},
	{"spaced", BAD, 0, NULL},
	{"nis", BAD, 0, NULL},
	{"+nis", BAD, 0, NULL},
	{"#", BAD, 0, NULL},
	{"# a comment", BAD, 0, NULL},
	{"../root", BAD, 0, NULL},
	{"root/", BAD, 0, NULL},
	{"root,app", BAD, 0, NULL},
	{"\xd9\xa1", BAD, 0, NULL},
};

START_TEST(test_forms)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct native_user user = {.uid = 77};
	int r = native_user_find(&db, forms[_i].spec, &user, &err);

	if (forms[_i].uid == BAD) {
		ck_assert_msg(r < 0, "'%s' is taken for uid %u", forms[_i].spec, user.uid);
		ck_assert_uint_eq(err.code, EXD_ERR_USER);
		ck_assert_uint_eq(user.uid, 77);
		return;
	}
	ck_assert_msg(r == 0, "'%s': %s", forms[_i].spec, err.text);
	ck_assert_uint_eq(user.uid, forms[_i].uid);
	ck_assert_uint_eq(user.gid, forms[_i].gid);
	ck_assert_str_eq(user.home, forms[_i].home);
	native_user_release(&user);
}
END_TEST

START_TEST(test_memberships)
{
	struct native_user user;

	ck_assert_int_eq(native_user_find(&db, "app", &user, NULL), 0);
	ck_assert_uint_eq(user.group_count, 2);
	ck_assert_uint_eq(user.groups[0], 29);
	ck_assert_uint_eq(user.groups[1], 44);
	native_user_release(&user);
	/* a group of one's choice is the only one */
	ck_assert_int_eq(native_user_find(&db, "app:audio", &user, NULL), 0);
	ck_assert_uint_eq(user.group_count, 0);
	native_user_release(&user);
}
END_TEST

START_TEST(test_additional_groups)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct native_user user;

	ck_assert_int_eq(native_user_find(&db, "1234", &user, NULL), 0);
	ck_assert_int_eq(native_user_add_group(&db, "audio", &user, NULL), 0);
	ck_assert_int_eq(native_user_add_group(&db, "99", &user, NULL), 0);
	ck_assert_int_eq(native_user_add_group(&db, "29", &user, NULL), 0);
	ck_assert_uint_eq(user.group_count, 2);
	ck_assert_int_lt(native_user_add_group(&db, "nosuch", &user, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_USER);
	ck_assert_int_lt(native_user_add_group(&db, "0x1", &user, NULL), 0);
	ck_assert_int_lt(native_user_add_group(&db, "", &user, NULL), 0);
	native_user_release(&user);
}
END_TEST

START_TEST(test_without_files)
{
	struct native_userdb none = {0};
	struct native_user user;

	ck_assert_int_eq(native_user_find(&none, "5:6", &user, NULL), 0);
	ck_assert_uint_eq(user.uid, 5);
	ck_assert_uint_eq(user.gid, 6);
	native_user_release(&user);
	ck_assert_int_eq(native_user_find(&none, NULL, &user, NULL), 0);
	ck_assert_uint_eq(user.uid, 0);
	native_user_release(&user);
	ck_assert_int_lt(native_user_find(&none, "root", &user, NULL), 0);
}
END_TEST

/* ---- the files ---- */

static char top[] = "/tmp/exd-user-XXXXXX";
static int root_fd;

static void make_root(void)
{
	char path[64];

	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/etc", top);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	root_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root_fd, 0);
}

static void remove_root(void)
{
	(void)unlinkat(root_fd, "etc/passwd", 0);
	(void)unlinkat(root_fd, "etc/real", 0);
	(void)unlinkat(root_fd, "etc", AT_REMOVEDIR);
	(void)close(root_fd);
	(void)rmdir(top);
}

static void put_file(const char *path, const char *text)
{
	int fd = openat(root_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static int read_db(struct exd_error *err)
{
	struct native_userdb read = {0};
	int r = native_userdb_read(&read, root_fd, err);

	native_userdb_release(&read);
	return r;
}

/* Numbers need no file. */
static void names_are_refused(struct exd_error *err)
{
	struct native_userdb read = {0};
	struct native_user user;

	ck_assert_int_eq(native_userdb_read(&read, root_fd, err), 0);
	ck_assert_int_eq(native_user_find(&read, "5:6", &user, err), 0);
	ck_assert_uint_eq(user.gid, 6);
	native_user_release(&user);
	ck_assert_int_eq(native_user_find(&read, "5", &user, err), 0);
	ck_assert_uint_eq(user.gid, 0);
	ck_assert_int_eq(native_user_add_group(&read, "7", &user, err), 0);
	native_user_release(&user);
	ck_assert_int_lt(native_user_find(&read, "root", &user, err), 0);
	ck_assert_uint_eq(err->code, EXD_ERR_USER);
	native_userdb_release(&read);
}

START_TEST(test_file_is_read)
{
	struct native_userdb read = {0};

	put_file("etc/passwd", passwd);
	ck_assert_int_eq(native_userdb_read(&read, root_fd, NULL), 0);
	ck_assert_str_eq(read.passwd, passwd);
	ck_assert_ptr_null(read.group);
	native_userdb_release(&read);
}
END_TEST

/* /proc/version stands for those whose reading acts, such as /proc/kmsg. */
START_TEST(test_what_the_kernel_makes_up)
{
	int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *text = NULL;

	ck_assert_int_eq(native_file_read(host, "proc/version", &text), -EMEDIUMTYPE);
	ck_assert_ptr_null(text);
	(void)close(host);
}
END_TEST

/* As a hostile image may have them; comparing each with each would take seconds. */
START_TEST(test_very_many_groups)
{
	static const struct {
		unsigned int count, numbers;
		int wanted;
	} files[] = {{40000, 7, 7}, {65536, 65536, 65536}, {65537, 65537, -1}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *text = malloc(files[i].count * 16), *at = text, one[] = "u:x:5:5::/:\n";
		struct native_userdb many = {.passwd = one, .group = text};
		struct native_user user = {0};
		int got;

		for (unsigned int k = 0; k < files[i].count; k++)
			at += sprintf(at, "g::%u:u\n", k % files[i].numbers);
		got = native_user_find(&many, "u", &user, NULL);
		if (got == 0)
			got = (int)user.group_count;
		ck_assert_int_eq(got < 0 ? -1 : got, files[i].wanted);
		native_user_release(&user);
		free(text);
	}
}
END_TEST

START_TEST(test_missing_file)
{
	ck_assert_int_eq(read_db(NULL), 0);
}
END_TEST

START_TEST(test_link_stays_inside)
{
	struct native_userdb read = {0};

	/* the link is absolute, and its target exists on the host too */
	put_file("etc/real", "inside:x:5:5::/:\n");
	ck_assert_int_eq(symlinkat("/../../etc/real", root_fd, "etc/passwd"), 0);
	ck_assert_int_eq(native_userdb_read(&read, root_fd, NULL), 0);
	ck_assert_str_eq(read.passwd, "inside:x:5:5::/:\n");
	native_userdb_release(&read);
}
END_TEST

START_TEST(test_link_to_the_host)
{
	struct native_userdb read = {0};

	ck_assert_int_eq(symlinkat("/etc/hostname", root_fd, "etc/passwd"), 0);
	ck_assert_int_eq(native_userdb_read(&read, root_fd, NULL), 0);
	ck_assert_ptr_null(read.passwd);
}
END_TEST

START_TEST(test_link_to_itself)
{
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_eq(symlinkat("passwd", root_fd, "etc/passwd"), 0);
	names_are_refused(&err);
}
END_TEST

START_TEST(test_fifo_does_not_hang)
{
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_eq(mkfifoat(root_fd, "etc/passwd", 0644), 0);
	names_are_refused(&err);
	ck_assert_ptr_nonnull(strstr(err.text, "regular"));
}
END_TEST

START_TEST(test_huge_file)
{
	struct exd_error err = EXD_ERROR_INIT;
	int fd;

	put_file("etc/passwd", "x");
	fd = openat(root_fd, "etc/passwd", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 1 << 30), 0);
	(void)close(fd);
	names_are_refused(&err);
}
END_TEST

START_TEST(test_groups_that_cannot_be_read)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct native_userdb read = {0};
	struct native_user user;

	put_file("etc/passwd", "alice:x:5:6::/:\n");
	ck_assert_int_eq(mkdirat(root_fd, "etc/group", 0755), 0);
	ck_assert_int_eq(native_userdb_read(&read, root_fd, &err), 0);
	ck_assert_int_eq(native_user_find(&read, "alice:6", &user, &err), 0);
	native_user_release(&user);
	ck_assert_int_lt(native_user_find(&read, "alice", &user, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/etc/group is not a regular file"));
	ck_assert_int_lt(native_user_find(&read, "5:staff", &user, &err), 0);
	native_userdb_release(&read);
	ck_assert_int_eq(unlinkat(root_fd, "etc/group", AT_REMOVEDIR), 0);
}
END_TEST

START_TEST(test_groups_for_the_record)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct native_user user = {0};
	struct exd_command *command;
	char *text = NULL;

	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(native_groups_text(&db, command, &text, &err), 0);
	ck_assert_str_eq(text, "");
	free(text);
	ck_assert_int_eq(exd_command_add(command, EXD_KEY_GROUPS, "video", NULL), 0);
	ck_assert_int_eq(exd_command_add(command, EXD_KEY_GROUPS, "5", NULL), 0);
	ck_assert_int_eq(exd_command_add(command, EXD_KEY_GROUPS, "44", NULL), 0);
	ck_assert_int_eq(native_groups_text(&db, command, &text, &err), 0);
	ck_assert_str_eq(text, "44,5");
	ck_assert_int_eq(native_user_add_noted(text, &user, &err), 0);
	ck_assert_uint_eq(user.group_count, 2);
	ck_assert_uint_eq(user.groups[0], 44);
	ck_assert_uint_eq(user.groups[1], 5);
	native_user_release(&user);
	free(text);
	ck_assert_int_eq(exd_command_add(command, EXD_KEY_GROUPS, "nosuch", NULL), 0);
	ck_assert_int_lt(native_groups_text(&db, command, &text, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_USER);
	exd_command_free(command);
}
END_TEST

/* A record that was tampered with gives no group that it does not plainly name. */
START_TEST(test_groups_of_a_bad_record)
{
	static const char *const bad[] = {
		"x", ",5", "5,x", "05", "-1", "4294967295", "5 ", "12345678901234567890"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct exd_error err = EXD_ERROR_INIT;
		struct native_user user = {0};
		int r = native_user_add_noted(bad[i], &user, &err);

		ck_assert_msg(r < 0 && err.code == EXD_ERR_USER, "'%s' was taken", bad[i]);
		native_user_release(&user);
	}
}
END_TEST

static void add_file_tests(Suite *s)
{
	TCase *tc = tap_tcase(s, "files");

	tcase_add_checked_fixture(tc, make_root, remove_root);
	tcase_add_test(tc, test_file_is_read);
	tcase_add_test(tc, test_missing_file);
	tcase_add_test(tc, test_what_the_kernel_makes_up);
	tcase_add_test(tc, test_very_many_groups);
	tcase_add_test(tc, test_link_stays_inside);
	tcase_add_test(tc, test_link_to_the_host);
	tcase_add_test(tc, test_link_to_itself);
	tcase_add_test(tc, test_fifo_does_not_hang);
	tcase_add_test(tc, test_huge_file);
	tcase_add_test(tc, test_groups_that_cannot_be_read);
}

int main(void)
{
	Suite *s = suite_create("native_user");
	TCase *tc = tap_tcase(s, "user");

	tcase_add_loop_test(tc, test_forms, 0, sizeof(forms) / sizeof(forms[0]));
	tcase_add_test(tc, test_memberships);
	tcase_add_test(tc, test_additional_groups);
	tcase_add_test(tc, test_without_files);
	tcase_add_test(tc, test_groups_for_the_record);
	tcase_add_test(tc, test_groups_of_a_bad_record);
	add_file_tests(s);
	return tap_main(s);
}
