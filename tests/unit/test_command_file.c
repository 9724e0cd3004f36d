/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command files: all types, every key, and errors with file and line. */
#include "tests/tap.h"

#include <errno.h>
#include <sys/mount.h>

#include "tests/unit/commands.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;

static void setup(void)
{
	scratch_make(&scratch);
	command_setup();
}

static void teardown(void)
{
	command_teardown();
	scratch_remove(&scratch);
}

static int load(const char *text)
{
	scratch_write(&scratch, "cmd.conf", text);
	return exd_command_load(command, scratch.name, &err);
}

START_TEST(test_file_sets_all_types)
{
	struct exd_mount mount = {.struct_size = sizeof(mount)};
	struct exd_rlimit rlimit = {.struct_size = sizeof(rlimit)};
	int r = load(
		"args = [ \"sh\", \"-c\", \"exit\" ];\n"
		"env: { A = \"1\"; B = 2; };\n"
		"annotations = [ \"a.b=c\" ];\n"
		"tty = true; init = \"yes\";\n"
		"memory = \"64m\"; memory_swap = 5000000000L; cpus = 1.25; umask = 022; user = 1000;\n"
		"mounts = ( \"/a:/b:ro\", { source = \"/s\"; target = \"/t\"; flags = [ \"ro\", \"slave\" ]; },\n"
		"  { type = \"tmpfs\"; target = \"/tmp\"; options = \"size=1m\"; flags = \"nosuid,nodev\"; } );\n"
		"masked_paths = [];\n"
		"rlimits: { nofile = \"5:10\"; core = 0; };\n"
		"cap_drop = \"all\";\n");

	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ARGS), 3);
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ENV, 1), "B=2");
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ANNOTATIONS, 0), "a.b=c");
	ck_assert(exd_command_bool(command, EXD_KEY_TTY));
	ck_assert(exd_command_bool(command, EXD_KEY_INIT));
	ck_assert_int_eq(exd_command_number(command, EXD_KEY_MEMORY, 0), 64 << 20);
	ck_assert_int_eq(exd_command_number(command, EXD_KEY_MEMORY_SWAP, 0), 5000000000);
	ck_assert_str_eq(exd_command_string(command, EXD_KEY_CPUS, ""), "1.250000");
	ck_assert_int_eq(exd_command_number(command, EXD_KEY_UMASK, 0), 022);
	ck_assert_str_eq(exd_command_string(command, EXD_KEY_USER, ""), "1000");
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_MOUNTS), 3);
	ck_assert(exd_command_mount(command, 1, &mount));
	ck_assert_str_eq(mount.source, "/s");
	ck_assert_uint_eq(mount.flags, EXD_MOUNT_READONLY);
	ck_assert_uint_eq(mount.propagation, MS_SLAVE);
	ck_assert(exd_command_mount(command, 2, &mount));
	ck_assert_uint_eq(mount.type, EXD_MOUNT_TMPFS);
	ck_assert_str_eq(mount.options, "size=1m");
	ck_assert_uint_eq(mount.flags, EXD_MOUNT_NOSUID | EXD_MOUNT_NODEV);
	ck_assert(exd_command_is_set(command, EXD_KEY_MASKED_PATHS));
	ck_assert(exd_command_rlimit(command, 0, &rlimit));
	ck_assert_uint_eq(rlimit.hard, 10);
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_CAP_DROP, 0), "all");
}
END_TEST

/* Every key of the table, written the way its text is. */
START_TEST(test_file_sets_every_key)
{
	char text[256];

	snprintf(text, sizeof(text), "%s = \"%s\";\n", good[_i].name, good[_i].text);
	ck_assert_msg(load(text) == 0, "%s", err.text);
	check_read_back(&command_key((enum exd_key)(_i + 1))->key, good[_i].text, good[_i].number);
}
END_TEST

static const struct {
	const char *text;
	const char *where;
	const char *why;
} bad_files[] = {
	{"\nmemry = 5;", "cmd.conf:2: ", "'memry'"},
	{"memory = \"5x\";", "cmd.conf:1: ", "key 'memory': '5x'"},
	{"tty = true;\nmemory = { };", "cmd.conf:2: ", "expected here"},
	{"tty = \"perhaps\";", "cmd.conf:1: ", "'tty'"},
	{"args = [ \"a\"", "cmd.conf:1: ", "syntax error"},
	{"args = (\n \"a\",\n { } );", "cmd.conf:3: ", "expected here"},
	{"umask = 0x1F;", "cmd.conf:1: ", "without 0x"},
	{"umask = 29;", "cmd.conf:1: ", "'umask'"},
	{"env = [\n \"A\" ];", "cmd.conf:2: ", "'env'"},
	{"mounts = (\n { target = \"/t\"; } );", "cmd.conf:2: ", "no source"},
	{"mounts = ( { source = \"/s\"; target = \"/t\";\n color = 1; } );",
	 "cmd.conf:2: ", "'color'"},
	{"mounts = ( { type = \"ext4\"; target = \"/t\"; } );", "cmd.conf:1: ", "'ext4'"},
	{"mounts = ( { source = \"/s\"; target = \"/t\";\n flags = 5; } );",
	 "cmd.conf:2: ", "flags"},
	{"mounts = ( { source = \"/s\"; target = \"/t\";\n flags = \"r\"; } );",
	 "cmd.conf:2: ", "'r'"},
	{"rlimits: {\n nofile = \"x\"; };", "cmd.conf:2: ", "'rlimits'"},
	{"# 5000000000\nid = \"5000000000\"; memory = 5000000000;", "cmd.conf:2: ", "put an L"},
	{"oom_score_adj = -3000000000;", "cmd.conf:1: ", "-3000000000"},
	{"cpus = -1.0;", "cmd.conf:1: ", "out of range"},
	{"tty = true;\ntty = false;", "cmd.conf:2: ", "duplicate"},
};

START_TEST(test_bad_file_is_refused_with_its_line)
{
	ck_assert_int_lt(load(bad_files[_i].text), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_CONFIG);
	ck_assert_contains(err.text, bad_files[_i].where);
	ck_assert_contains(err.text, bad_files[_i].why);
}
END_TEST

START_TEST(test_missing_file)
{
	ck_assert_int_eq(exd_command_load(command, scratch_path(&scratch, "none"), &err), -ENOENT);
	ck_assert_uint_eq(err.code, EXD_ERR_CONFIG);
	ck_assert_int_lt(exd_command_load(command, "/dev/zero", NULL), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("command_file");
	TCase *tc;

	tc = tap_tcase(s, "file");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_file_sets_all_types);
	tcase_add_loop_test(tc, test_file_sets_every_key, 0, COUNT(good));
	tcase_add_loop_test(tc, test_bad_file_is_refused_with_its_line, 0, COUNT(bad_files));
	tcase_add_test(tc, test_missing_file);
	return tap_main(s);
}
