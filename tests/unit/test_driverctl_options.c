/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl's table of options: that it fits the table of keys, how it is read, and what it makes of a command. */
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driverctl/command_build.h"
#include "driverctl/ctl.h"

#define ARGV(...) ((char *[]){(char *)"verb", __VA_ARGS__, NULL})

static struct arguments parsed(uint32_t of, enum grammar grammar, char **argv)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct arguments args;

	ck_assert_msg(options_parse(&args, of, grammar, argv, &err) == 0, "%s", err.text);
	return args;
}

static void refused(uint32_t of, char **argv, const char *text)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct arguments args;

	ck_assert_int_lt(options_parse(&args, of, GRAMMAR_RUN, argv, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_INVALID);
	ck_assert_str_eq(err.text, text);
	arguments_free(&args);
}

static struct exd_command *built_of(uint32_t of, enum grammar grammar, char **argv)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct arguments args = parsed(of, grammar, argv);
	struct exd_command *command = NULL;

	ck_assert_msg(command_build(&command, &args, &err) == 0, "%s", err.text);
	arguments_free(&args);
	return command;
}

static struct exd_command *built(char **argv)
{
	return built_of(OF_RUN, GRAMMAR_RUN, argv);
}

static void not_built(char **argv, enum exd_code code, const char *text)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct arguments args = parsed(OF_RUN, GRAMMAR_RUN, argv);
	struct exd_command *command = NULL;

	ck_assert_int_lt(command_build(&command, &args, &err), 0);
	ck_assert_ptr_null(command);
	ck_assert_msg(err.code == code && strstr(err.text, text), "%s: %s",
		      exd_error_name(err.code), err.text);
	arguments_free(&args);
}

static const struct exd_command_key *key_named(const char *name)
{
	const struct exd_command_key *key = NULL;

	while ((key = exd_command_key_next(key)) && strcmp(key->name, name) != 0)
		;
	return key;
}

START_TEST(test_table_names_are_unique_in_a_verb)
{
	for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
		for (const struct option_row *other = option_next(row); other;
		     other = option_next(other)) {
			if (!(row->of & other->of))
				continue;
			ck_assert_str_ne(row->name, other->name);
			ck_assert_msg(!row->letter || row->letter != other->letter, "-%c",
				      row->letter);
		}
	}
}
END_TEST

START_TEST(test_table_fits_the_keys)
{
	for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
		const struct exd_command_key *key = row->key ? key_named(row->key) : NULL;

		ck_assert_msg(row->help && *row->help, "--%s", row->name);
		ck_assert_msg(!row->key || key, "--%s: no key %s", row->name, row->key);
		if (!key)
			continue;
		ck_assert_msg(!!row->argument == (key->type != EXD_TYPE_BOOL) || row->apply, "--%s",
			      row->name);
		if (row->of & (OF_RUN | OF_EXPLAIN))
			ck_assert_msg(key->use & EXD_USE_RUN, "--%s", row->name);
		if (row->of & OF_EXEC)
			ck_assert_msg(key->use & (EXD_USE_EXEC | EXD_USE_CGROUP_CHILD), "--%s",
				      row->name);
	}
}
END_TEST

START_TEST(test_table_gives_explain_what_run_has)
{
	for (const struct option_row *row = option_next(NULL); row; row = option_next(row))
		ck_assert_msg(!(row->of & OF_RUN) || (row->of & OF_EXPLAIN), "--%s", row->name);
}
END_TEST

START_TEST(test_table_gives_each_verb_its_help)
{
	for (const struct verb *verb = verb_next(NULL); verb; verb = verb_next(verb)) {
		ck_assert_ptr_eq(verb_named(verb->name), verb);
		ck_assert_msg(option_named(verb->of, "help", 4) != NULL, "%s", verb->name);
	}
	ck_assert_ptr_eq(verb_named("unpause"), verb_named("resume"));
}
END_TEST

START_TEST(test_parse_values)
{
	struct arguments args =
		parsed(OF_RUN, GRAMMAR_RUN,
		       ARGV("-m", "1m", "-m2m", "--memory", "3m", "--memory=4m", "--memory="));
	const char *const wanted[] = {"1m", "2m", "3m", "4m", ""};

	ck_assert_uint_eq(args.given_count, 5);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_str_eq(args.given[i].row->name, "memory");
		ck_assert_str_eq(args.given[i].value, wanted[i]);
	}
	arguments_free(&args);
}
END_TEST

START_TEST(test_parse_letters_share_a_dash)
{
	struct arguments args = parsed(OF_RUN, GRAMMAR_RUN, ARGV("-ditm64m", "-ite", "A=B"));

	ck_assert(args.settings.detach && args.settings.interactive && args.settings.tty);
	ck_assert_uint_eq(args.given_count, 2);
	ck_assert_str_eq(args.given[0].value, "64m");
	ck_assert_str_eq(args.given[1].value, "A=B");
	arguments_free(&args);
}
END_TEST

START_TEST(test_parse_value_may_begin_with_a_dash)
{
	struct arguments args =
		parsed(OF_RUN, GRAMMAR_RUN, ARGV("--oom-score-adj", "-500", "--memory-swap", "-1"));

	ck_assert_str_eq(args.given[0].value, "-500");
	ck_assert_str_eq(args.given[1].value, "-1");
	arguments_free(&args);
}
END_TEST

START_TEST(test_parse_run_takes_options_around_the_id)
{
	struct arguments args =
		parsed(OF_RUN, GRAMMAR_RUN, ARGV("--rm", "box", "-d", "--", "sh", "-d", "--", "x"));

	ck_assert(args.settings.remove && args.settings.detach && args.dashes);
	ck_assert_uint_eq(args.operand_count, 1);
	ck_assert_str_eq(args.operands[0], "box");
	ck_assert_str_eq(args.command[0], "sh");
	ck_assert_str_eq(args.command[1], "-d");
	ck_assert_str_eq(args.command[2], "--");
	ck_assert_str_eq(args.command[3], "x");
	ck_assert_ptr_null(args.command[4]);
	arguments_free(&args);
}
END_TEST

static void check_exec(char **argv)
{
	struct arguments args = parsed(OF_EXEC, GRAMMAR_EXEC, argv);

	ck_assert_uint_eq(args.operand_count, 1);
	ck_assert_str_eq(args.operands[0], "box");
	ck_assert_str_eq(args.command[0], "ls");
	ck_assert_str_eq(args.command[1], "-t");
	ck_assert_ptr_null(args.command[2]);
	ck_assert(args.settings.interactive && !args.settings.tty);
	arguments_free(&args);
}

START_TEST(test_parse_exec_ends_options_at_the_program)
{
	check_exec(ARGV("-i", "box", "ls", "-t"));
	check_exec(ARGV("box", "-i", "ls", "-t"));
	check_exec(ARGV("-i", "box", "--", "ls", "-t"));
	check_exec(ARGV("-i", "--", "box", "ls", "-t"));
}
END_TEST

START_TEST(test_parse_plain_takes_any_order)
{
	struct arguments args =
		parsed(OF_DELETE, GRAMMAR_PLAIN, ARGV("a", "-f", "b", "--", "-f", "-"));

	ck_assert(args.settings.force);
	ck_assert_uint_eq(args.operand_count, 4);
	ck_assert_str_eq(args.operands[2], "-f");
	ck_assert_str_eq(args.operands[3], "-");
	arguments_free(&args);
}
END_TEST

START_TEST(test_parse_global_ends_at_the_verb)
{
	struct arguments args = parsed(OF_GLOBAL, GRAMMAR_GLOBAL,
				       ARGV("--root", "/r", "--debug", "run", "--root", "x"));

	ck_assert_str_eq(args.settings.root, "/r");
	ck_assert(args.settings.debug);
	ck_assert_str_eq(args.command[0], "run");
	ck_assert_str_eq(args.command[1], "--root");
	arguments_free(&args);
}
END_TEST

START_TEST(test_parse_refuses)
{
	refused(OF_RUN, ARGV("--frob"), "unknown option '--frob'");
	refused(OF_RUN, ARGV("--debug"), "'--debug' stands before the command");
	refused(OF_RUN, ARGV("--frob=x"), "unknown option '--frob'");
	refused(OF_RUN, ARGV("--memor", "1m"), "unknown option '--memor'");
	refused(OF_RUN, ARGV("-x"), "unknown option '-x'");
	refused(OF_RUN, ARGV("-itx"), "unknown option '-x' in '-itx'");
	refused(OF_RUN, ARGV("-h"), "unknown option '-h'");
	refused(OF_RUN, ARGV("--rm=yes"), "option '--rm' takes no value");
	refused(OF_RUN, ARGV("--memory"), "--memory needs a value: BYTES");
	refused(OF_RUN, ARGV("-im"), "-m needs a value: BYTES");
	refused(OF_EXEC, ARGV("--rootfs", "/"), "unknown option '--rootfs'");
	refused(OF_LIST, ARGV("--force"), "unknown option '--force'");
}
END_TEST

START_TEST(test_parse_refuses_what_comes_later)
{
	static const char *const later[] = {
		"--restart=always", "--log-opt=x", "--dns=1.1.1.1",
		"--link=a", "--stop-signal=INT", "--add-host=a:1", "--mount=x"};

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		struct exd_error err = EXD_ERROR_INIT;
		struct arguments args;

		ck_assert_int_lt(
			options_parse(&args, OF_RUN, GRAMMAR_RUN, ARGV((char *)later[i]), &err), 0);
		ck_assert_msg(strstr(err.text, "unknown option '--"), "%s", err.text);
		arguments_free(&args);
	}
}
END_TEST

/* A value that each option with a key takes. */
static const char *sample(const struct option_row *row)
{
	static const struct {
		const char *name, *value;
	} samples[] = {
		{"env", "A=B"},
		{"rootfs", "/"},
		{"rootfs-propagation", "slave"},
		{"rootfs-options", "nosuid"},
		{"umask", "022"},
		{"annotation", "a=b"},
		{"volume", "/usr:/usr:ro"},
		{"tmpfs", "/x:size=1m"},
		{"device", "/dev/fuse"},
		{"network", "host"},
		{"pid", "host"},
		{"ipc", "host"},
		{"uts", "host"},
		{"cgroupns", "host"},
		{"timens", "private"},
		{"time", "boottime=5"},
		{"userns", "private"},
		{"uidmap", "0:100000:65536"},
		{"gidmap", "0:100000:65536"},
		{"rootfs-idmap", NULL},
		{"cap-add", "NET_ADMIN"},
		{"cap-drop", "all"},
		{"security-opt", "no-new-privileges"},
		{"sysctl", "net.ipv4.ip_forward=1"},
		{"memory", "64m"},
		{"memory-swap", "-1"},
		{"memory-reservation", "1g"},
		{"memory-swappiness", "10"},
		{"oom-score-adj", "-5"},
		{"cpus", "0.5"},
		{"cpu-shares", "512"},
		{"cpu-period", "100000"},
		{"cpu-quota", "-1"},
		{"cpuset-cpus", "0-1"},
		{"cpuset-mems", "0"},
		{"pids-limit", "64"},
		{"blkio-weight", "200"},
		{"blkio-weight-device", "/dev/sda:200"},
		{"device-read-bps", "/dev/sda:1m"},
		{"device-write-bps", "/dev/sda:1m"},
		{"device-read-iops", "/dev/sda:100"},
		{"device-write-iops", "/dev/sda:max"},
		{"hugetlb-limit", "2MB=64m"},
		{"rdma-limit", "mlx5_0=hca_handle=2"},
		{"misc-limit", "sev=1"},
		{"cgroup-conf", "memory.high=64M"},
		{"ulimit", "nofile=1024:4096"},
		{"cgroup-parent", "/x"},
		{"workdir", "/tmp"},
		{"user", "1000:1000"},
		{"group-add", "5"},
		{"hostname", "box"},
		{"seccomp-listener", "/x"},
		{"scheduler", "batch"},
		{"nice", "5"},
		{"ioprio", "idle"},
		{"exec-cpu-affinity", "0"},
		{"personality", "linux32"},
		{"landlock", "ro:/usr"},
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (strcmp(samples[i].name, row->name) == 0)
			return samples[i].value;
	return NULL;
}

START_TEST(test_build_sets_each_key)
{
	for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
		const char *value = sample(row);
		struct exd_command *command;
		char name[64];

		if (!row->key || strcmp(row->name, "env-file") == 0)
			continue;
		ck_assert_msg(!row->argument == !value, "no sample for --%s", row->name);
		(void)snprintf(name, sizeof(name), "--%s", row->name);
		command = row->of & OF_RUN
				  ? built(ARGV(name, (char *)value))
				  : built_of(OF_EXEC, GRAMMAR_EXEC, ARGV(name, (char *)value));
		ck_assert_msg(exd_command_is_set(command, key_named(row->key)->key), "--%s",
			      row->name);
		exd_command_free(command);
	}
}
END_TEST

START_TEST(test_build_program_and_order)
{
	struct exd_command *command = built(ARGV("-m", "1m", "-m", "2m", "--", "ls", "-l"));

	ck_assert_int_eq(exd_command_number(command, EXD_KEY_MEMORY, 0), 2 << 20);
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ARGS), 2);
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ARGS, 1), "-l");
	exd_command_free(command);
}
END_TEST

START_TEST(test_build_env_of_the_caller)
{
	struct exd_command *command;

	ck_assert_int_eq(setenv("EXD_TEST_SET", "a b", 1), 0);
	command = built(ARGV("-e", "EXD_TEST_SET", "-e", "EXD_TEST_UNSET", "-e", "EMPTY="));
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ENV), 2);
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ENV, 0), "EXD_TEST_SET=a b");
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ENV, 1), "EMPTY=");
	exd_command_free(command);
}
END_TEST

static void write_file(char path[32], const char *text, size_t size)
{
	int fd;

	strcpy(path, "/tmp/exd-options.XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
	close(fd);
}

START_TEST(test_build_env_file)
{
	static const char text[] = "# comment\n\nA=1\r\nB= two words \nEXD_TEST_UNSET\nLAST=x";
	struct exd_command *command;
	char path[32];

	write_file(path, text, strlen(text));
	command = built(ARGV("--env-file", path));
	unlink(path);
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ENV), 3);
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ENV, 0), "A=1");
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ENV, 1), "B= two words ");
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ENV, 2), "LAST=x");
	exd_command_free(command);
}
END_TEST

START_TEST(test_build_env_file_says_the_line)
{
	static const char bad[] = "A=1\n=2\n", nul[] = "A=1\0B\n";
	char path[32], where[64];

	write_file(path, bad, strlen(bad));
	(void)snprintf(where, sizeof(where), "%s:2: ", path);
	not_built(ARGV("--env-file", path), EXD_ERR_KEY, where);
	unlink(path);
	write_file(path, nul, sizeof(nul) - 1);
	(void)snprintf(where, sizeof(where), "%s:1: a NUL byte", path);
	not_built(ARGV("--env-file", path), EXD_ERR_INVALID, where);
	unlink(path);
	not_built(ARGV("--env-file", "/nonexistent/env"), EXD_ERR_SYSTEM, "'/nonexistent/env'");
}
END_TEST

START_TEST(test_build_relative_paths_become_absolute)
{
	struct exd_command *command =
		built(ARGV("--rootfs", "root", "-v", "tmpfs:/x", "-v", "/a:/b:ro"));
	struct exd_mount mount = {.struct_size = sizeof(mount)};
	char cwd[4096], wanted[4200];

	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(wanted, sizeof(wanted), "%s/root", cwd);
	ck_assert_str_eq(exd_command_string(command, EXD_KEY_ROOTFS, ""), wanted);
	ck_assert(exd_command_mount(command, 0, &mount));
	(void)snprintf(wanted, sizeof(wanted), "%s/tmpfs", cwd);
	ck_assert_uint_eq(mount.type, EXD_MOUNT_BIND);
	ck_assert_str_eq(mount.source, wanted);
	ck_assert(exd_command_mount(command, 1, &mount));
	ck_assert_str_eq(mount.target, "/b");
	ck_assert_uint_eq(mount.flags & EXD_MOUNT_READONLY, EXD_MOUNT_READONLY);
	exd_command_free(command);
}
END_TEST

START_TEST(test_build_security_options)
{
	struct exd_command *command = built(ARGV(
		"--security-opt", "no-new-privileges=false", "--security-opt=seccomp=unconfined",
		"--security-opt=apparmor=p", "--security-opt=label=l"));

	ck_assert(exd_command_is_set(command, EXD_KEY_NO_NEW_PRIVILEGES));
	ck_assert(!exd_command_bool(command, EXD_KEY_NO_NEW_PRIVILEGES));
	ck_assert_str_eq(exd_command_string(command, EXD_KEY_SECCOMP, ""), "unconfined");
	ck_assert_str_eq(exd_command_string(command, EXD_KEY_APPARMOR, ""), "p");
	ck_assert_str_eq(exd_command_string(command, EXD_KEY_SELINUX_LABEL, ""), "l");
	exd_command_free(command);
}
END_TEST

START_TEST(test_build_names_the_option)
{
	not_built(ARGV("--security-opt", "seccomp:unconfined"), EXD_ERR_INVALID,
		  "--security-opt: 'seccomp:unconfined'");
	not_built(ARGV("--memory", "lots"), EXD_ERR_KEY, "--memory: ");
	not_built(ARGV("-v", "/only"), EXD_ERR_INVALID, "--volume: '/only' is not SRC:DST");
	not_built(ARGV("-v", ":/x"), EXD_ERR_INVALID, "--volume: ':/x' is not SRC:DST");
	not_built(ARGV("--rootfs", ""), EXD_ERR_KEY, "--rootfs: ");
	not_built(ARGV("--network", "bridge:br0"), EXD_ERR_KEY, "--network: ");
	not_built(ARGV("--cap-add", "no such"), EXD_ERR_KEY, "--cap-add: ");
	not_built(ARGV("--ulimit", "frobs=1"), EXD_ERR_KEY, "--ulimit: ");
	not_built(ARGV("-f", "/nonexistent/file"), EXD_ERR_CONFIG, "/nonexistent/file");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("options");
	TCase *tc = tap_tcase(s, "table");

	tcase_add_test(tc, test_table_names_are_unique_in_a_verb);
	tcase_add_test(tc, test_table_fits_the_keys);
	tcase_add_test(tc, test_table_gives_explain_what_run_has);
	tcase_add_test(tc, test_table_gives_each_verb_its_help);
	tc = tap_tcase(s, "parse");
	tcase_add_test(tc, test_parse_values);
	tcase_add_test(tc, test_parse_letters_share_a_dash);
	tcase_add_test(tc, test_parse_value_may_begin_with_a_dash);
	tcase_add_test(tc, test_parse_run_takes_options_around_the_id);
	tcase_add_test(tc, test_parse_exec_ends_options_at_the_program);
	tcase_add_test(tc, test_parse_plain_takes_any_order);
	tcase_add_test(tc, test_parse_global_ends_at_the_verb);
	tcase_add_test(tc, test_parse_refuses);
	tcase_add_test(tc, test_parse_refuses_what_comes_later);
	tc = tap_tcase(s, "build");
	tcase_add_test(tc, test_build_sets_each_key);
	tcase_add_test(tc, test_build_program_and_order);
	tcase_add_test(tc, test_build_env_of_the_caller);
	tcase_add_test(tc, test_build_env_file);
	tcase_add_test(tc, test_build_env_file_says_the_line);
	tcase_add_test(tc, test_build_relative_paths_become_absolute);
	tcase_add_test(tc, test_build_security_options);
	tcase_add_test(tc, test_build_names_the_option);
	return tap_main(s);
}
