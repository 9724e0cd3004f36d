/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs in the emulated compute service: streams, environment, console, and how they end. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/unit/hcs_rig.h"

static struct hcs_client *begin(void)
{
	struct hcs_client *client = rig_client();

	rig_system(client, "web", RIG_DOCUMENT("web"));
	return client;
}

static void end(struct hcs_client *client)
{
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}

static uint32_t code_of(struct hcs_client *client, const char *parameters)
{
	struct hcs_process process = rig_process(client, "web", parameters);

	return rig_exit(client, "web", &process);
}

/* Reads to the end. */
static void read_all(int fd, char *buf, size_t size)
{
	size_t at = 0;
	ssize_t n;

	while ((n = read(fd, buf + at, size - 1 - at)) > 0)
		at += (size_t)n;
	buf[at] = '\0';
}

/* What a program writes to stdout; its exit code must be 0. */
static const char *output_of(struct hcs_client *client, const char *parameters)
{
	static char text[4096];
	struct hcs_process process;
	int ends[2], handles[3] = {-1, -1, -1};

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	handles[1] = ends[1];
	ck_hcs(hcs_create_process(client, "web", parameters, handles, &process), HCS_OK);
	close(ends[1]);
	read_all(ends[0], text, sizeof(text));
	close(ends[0]);
	ck_assert_uint_eq(rig_exit(client, "web", &process), 0);
	return text;
}

START_TEST(test_exit_codes)
{
	struct hcs_client *client = begin();

	ck_assert_uint_eq(code_of(client, RIG_PROCESS("true")), 0);
	ck_assert_uint_eq(code_of(client, RIG_PROCESS("sh -c \\\"exit 41\\\"")), 41);
	ck_assert_uint_eq(code_of(client, RIG_PROCESS("sh -c \\\"kill -SEGV $$\\\"")), 0xc0000005);
	ck_assert_uint_eq(code_of(client, RIG_PROCESS("sh -c \\\"kill -ABRT $$\\\"")), 0xc0000409);
	ck_assert_uint_eq(code_of(client, RIG_PROCESS("sh -c \\\"kill -FPE $$\\\"")), 0xc0000094);
	ck_assert_uint_eq(code_of(client, RIG_PROCESS("sh -c \\\"kill -ILL $$\\\"")), 0xc000001d);
	ck_assert_uint_eq(code_of(client, RIG_PROCESS("sh -c \\\"kill -INT $$\\\"")), 0xc000013a);
	ck_assert_uint_eq(code_of(client, RIG_PROCESS("sh -c \\\"kill -KILL $$\\\"")), 1067);
	end(client);
}
END_TEST

START_TEST(test_streams)
{
	struct hcs_client *client = begin();
	struct hcs_process process;
	int in[2], out[2], err[2];
	char text[64];

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
	ck_hcs(hcs_create_process(client, "web", RIG_PROCESS("sh -c \\\"cat; echo oops >&2\\\""),
				  (const int[]){in[0], out[1], err[1]}, &process),
	       HCS_OK);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	ck_assert_int_eq(write(in[1], "hello", 5), 5);
	close(in[1]);
	read_all(out[0], text, sizeof(text));
	ck_assert_str_eq(text, "hello");
	read_all(err[0], text, sizeof(text));
	ck_assert_str_eq(text, "oops\n");
	close(out[0]);
	close(err[0]);
	ck_assert_uint_eq(rig_exit(client, "web", &process), 0);
	/* Those that are missing are no errors, and there are no others. */
	ck_assert_str_eq(output_of(client, RIG_PROCESS("sh -c \\\"cat; echo lost >&2; "
						       "echo /proc/self/fd/*\\\"")),
			 "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n");
	end(client);
}
END_TEST

START_TEST(test_useless_handles)
{
	static const char console[] = "{\"CommandLine\":\"true\",\"EmulateConsole\":true}";
	struct hcs_client *client = begin();
	struct hcs_process process;
	int path = open("/", O_PATH | O_CLOEXEC), handles[3] = {path, -1, -1};

	ck_hcs(hcs_create_process(client, "web", RIG_PROCESS("true"), handles, &process),
	       HCS_E_INVALID_HANDLE);
	ck_hcs(hcs_create_process(client, "web", console, handles, &process), HCS_E_INVALID_HANDLE);
	close(path);
	ck_hcs(hcs_create_process(client, "web", RIG_PROCESS("true"), handles, &process),
	       HCS_E_INVALID_HANDLE);
	end(client);
}
END_TEST

START_TEST(test_environment)
{
	struct hcs_client *client = begin();
	const char *text;

	/* Nothing of the service's, or ours. */
	ck_assert_int_eq(setenv("LEAKED", "yes", 1), 0);
	text = output_of(client, "{\"CommandLine\":\"env\",\"Environment\":{\"A\":\"b=c d\","
				 "\"EMPTY\":\"\",\"HOME\":\"/srv\"}}");
	ck_assert_str_eq(text, "A=b=c d\nEMPTY=\nHOME=/srv\n"
			       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
			       "HOSTNAME=web\n");
	end(client);
}
END_TEST

START_TEST(test_hostname_of_the_document)
{
	struct hcs_client *client = rig_client();

	rig_system(client, "web",
		   "{\"SystemType\":\"Container\",\"Name\":\"web\",\"HostName\":\"box\"}");
	ck_assert_str_eq(output_of(client, RIG_PROCESS("printenv HOSTNAME")), "box\n");
	end(client);
}
END_TEST

START_TEST(test_directory)
{
	struct hcs_client *client = begin();

	ck_assert_str_eq(output_of(client, RIG_PROCESS("pwd")), "/\n");
	ck_assert_str_eq(
		output_of(client, "{\"CommandLine\":\"pwd\",\"WorkingDirectory\":\"/usr\"}"),
		"/usr\n");
	end(client);
}
END_TEST

START_TEST(test_command_line)
{
	struct hcs_client *client = begin();

	ck_assert_str_eq(output_of(client, RIG_PROCESS("printf \\\"<%s>\\\" a \\\"b c\\\" "
						       "\\\"\\\" \\\\\\\"q\\\\\\\" d\\\\e")),
			 "<a><b c><><\"q\"><d\\e>");
	/* The program's name may be given apart from the command line, whose first word it keeps. */
	ck_assert_str_eq(output_of(client, "{\"ApplicationName\":\"/bin/sh\",\"CommandLine\":"
					   "\"first -c \\\"echo $0\\\"\"}"),
			 "first\n");
	end(client);
}
END_TEST

START_TEST(test_programs_that_do_not_start)
{
	static const struct {
		const char *parameters;
		uint32_t result;
	} cases[] = {
		{RIG_PROCESS("no-such-program"), HCS_E_FILE_NOT_FOUND},
		{RIG_PROCESS("/no/such/program"), HCS_E_FILE_NOT_FOUND},
		{RIG_PROCESS("/etc/passwd"), HCS_E_ACCESS_DENIED},
		{RIG_PROCESS("/usr"), HCS_E_ACCESS_DENIED},
		{"{\"CommandLine\":\"true\",\"WorkingDirectory\":\"/no/such\"}",
		 HCS_E_BAD_DIRECTORY},
		{RIG_PROCESS(""), HCS_E_INVALID_ARGUMENT},
		{RIG_PROCESS("  "), HCS_E_INVALID_ARGUMENT},
		{"{}", HCS_E_INVALID_JSON},
		{"true", HCS_E_INVALID_JSON},
		{"{\"CommandLine\":\"true\",\"User\":\"x\"}", HCS_E_INVALID_JSON},
		{"{\"CommandLine\":\"true\",\"Environment\":{\"A=B\":\"c\"}}",
		 HCS_E_INVALID_ARGUMENT},
		{"{\"CommandLine\":\"true\",\"Environment\":{\"A\":1}}", HCS_E_INVALID_JSON},
		{"{\"CommandLine\":\"true\",\"ConsoleSize\":[1]}", HCS_E_INVALID_JSON},
		{"{\"CommandLine\":\"true\",\"ConsoleSize\":[1,65536]}", HCS_E_INVALID_JSON},
	};
	const int handles[3] = {-1, -1, -1};
	struct hcs_client *client = begin();
	struct hcs_process process;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t result = hcs_create_process(client, "web", cases[i].parameters, handles,
						     &process);

		ck_assert_msg(result == cases[i].result, "%s: 0x%08x", cases[i].parameters, result);
	}
	/* The system is as it was. */
	ck_assert_uint_eq(code_of(client, RIG_PROCESS("true")), 0);
	end(client);
}
END_TEST

START_TEST(test_file_that_is_no_program)
{
	struct hcs_client *client = begin();
	const int handles[3] = {-1, -1, -1};
	struct hcs_process process;
	char path[128], parameters[256];
	int fd;

	snprintf(path, sizeof(path), "%s/junk", rig_root());
	snprintf(parameters, sizeof(parameters), "{\"CommandLine\":\"%s\"}", path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	ck_assert_int_eq(write(fd, "\x01\x02\x03\x04", 4), 4);
	close(fd);
	ck_hcs(hcs_create_process(client, "web", parameters, handles, &process),
	       HCS_E_BAD_PROGRAM);
	end(client);
}
END_TEST

START_TEST(test_console)
{
	struct hcs_client *client = begin();
	const int handles[3] = {-1, -1, -1};
	struct winsize size;
	struct hcs_process process;
	char text[256];

	ck_hcs(hcs_create_process(client, "web",
				  "{\"CommandLine\":\"sh -c \\\"stty size; echo $TERM; tty >&2; "
				  "read a; stty size\\\"\",\"EmulateConsole\":true,"
				  "\"ConsoleSize\":[31,77]}",
				  handles, &process),
	       HCS_OK);
	ck_assert_int_ge(process.console_fd, 0);
	ck_assert_int_eq(ioctl(process.console_fd, TIOCGWINSZ, &size), 0);
	ck_assert_int_eq(size.ws_row, 31);
	ck_assert_int_eq(size.ws_col, 77);
	ck_hcs(hcs_resize_console(client, "web", process.process_id, 40, 120), HCS_OK);
	ck_assert_int_eq(ioctl(process.console_fd, TIOCGWINSZ, &size), 0);
	ck_assert_int_eq(size.ws_row, 40);
	ck_assert_int_eq(size.ws_col, 120);
	ck_assert_int_eq(write(process.console_fd, "\n", 1), 1);
	read_all(process.console_fd, text, sizeof(text));
	/* The echo of what was written may come between them. */
	ck_assert_ptr_nonnull(strstr(text, "xterm\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n/dev/pts/"));
	ck_assert_ptr_nonnull(strstr(text, "40 120\r\n"));
	ck_assert_uint_eq(rig_exit(client, "web", &process), 0);
	end(client);
}
END_TEST

START_TEST(test_resize_without_console)
{
	struct hcs_client *client = begin();
	struct hcs_process process = rig_process(client, "web", RIG_PROCESS("sleep 1000"));
	uint32_t id = process.process_id;

	ck_hcs(hcs_resize_console(client, "web", id, 1, 1), HCS_E_INVALID_ARGUMENT);
	ck_hcs(hcs_terminate_process(client, "web", id), HCS_OK);
	ck_assert_uint_eq(rig_exit(client, "web", &process), 1067);
	ck_hcs(hcs_resize_console(client, "web", id, 1, 1), HCS_E_NOT_FOUND);
	ck_hcs(hcs_terminate_process(client, "web", id), HCS_E_NOT_FOUND);
	end(client);
}
END_TEST

START_TEST(test_wait_while_it_runs)
{
	struct hcs_client *client = begin();
	struct hcs_process process = rig_process(client, "web", RIG_PROCESS("sleep 1000"));
	uint32_t code;

	ck_hcs(hcs_wait_process(client, "web", process.process_id, &code), HCS_E_PENDING);
	ck_hcs(hcs_terminate_process(client, "web", process.process_id), HCS_OK);
	ck_assert_uint_eq(rig_exit(client, "web", &process), 1067);
	end(client);
}
END_TEST

/* By then nobody can say how it would have ended. */
START_TEST(test_wait_cut_short_by_force)
{
	struct hcs_client *client = begin();
	struct hcs_process process = rig_process(client, "web", RIG_PROCESS("sleep 1000"));
	struct hcs_process ended = rig_process(client, "web", RIG_PROCESS("sh -c \\\"exit 3\\\""));
	uint32_t code = 0;

	rig_readable(ended.wait_fd);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_readable(process.wait_fd);
	ck_hcs(hcs_wait_process(client, "web", process.process_id, &code), HCS_E_BROKEN_PIPE);
	ck_hcs(hcs_wait_process(client, "web", ended.process_id, &code), HCS_OK);
	ck_assert_uint_eq(code, 3);
	rig_close(&process);
	rig_close(&ended);
	rig_end(client);
}
END_TEST

START_TEST(test_shutdown_asks)
{
	struct hcs_client *client = begin();
	struct hcs_process process =
		rig_process(client, "web", RIG_PROCESS("sleep 1000"));
	uint32_t code;

	ck_hcs(hcs_shutdown_system(client, "web", HCS_FOR_EVER), HCS_OK);
	rig_readable(process.wait_fd);
	ck_hcs(hcs_wait_process(client, "web", process.process_id, &code), HCS_OK);
	ck_assert_uint_eq(code, 0xc000013a);
	rig_close(&process);
	rig_end(client);
}
END_TEST

/* Nobody has asked the service for those, and nobody waits for them. */
START_TEST(test_shutdown_ends_what_is_left_behind)
{
	struct hcs_client *client = begin();
	long pid = strtol(output_of(client, RIG_PROCESS("sh -c \\\"trap '' TERM; sleep 1000 "
							">/dev/null & echo $!\\\"")),
			  NULL, 10);

	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill((pid_t)pid, 0), 0);
	ck_hcs(hcs_shutdown_system(client, "web", HCS_FOR_EVER), HCS_OK);
	ck_assert(rig_dead((pid_t)pid));
	rig_end(client);
}
END_TEST

/* Whatever those who started the service ignore. */
START_TEST(test_signals_are_as_they_should_be)
{
	/* The handler comes first, but on MIPS, where this sets a flag. */
	const unsigned long ignore[8] = {(unsigned long)SIG_IGN};
	struct hcs_client *client;

	(void)signal(SIGHUP, SIG_IGN);
	/* As a host may have it that was started with this one ignored. */
	ck_assert_int_eq(syscall(SYS_rt_sigaction, 32, ignore, NULL, (NSIG - 1) / 8), 0);
	client = begin();
	ck_assert_str_eq(output_of(client, RIG_PROCESS("grep -E \\\"Sig(Blk|Ign)\\\" "
						       "/proc/self/status")),
			 "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	end(client);
}
END_TEST

/* What programs leave behind, in sessions of its own, goes with the system. */
START_TEST(test_nothing_survives)
{
	struct hcs_client *client = begin();
	long pid = strtol(output_of(client, RIG_PROCESS("sh -c \\\"setsid sh -c 'sleep 1000 & echo "
							"$!' 2>&1 | head -1\\\"")),
			  NULL, 10);

	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill((pid_t)pid, 0), 0);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	ck_assert(rig_dead((pid_t)pid));
	rig_end(client);
}
END_TEST

START_TEST(test_agent_killed)
{
	struct hcs_client *client = begin();
	struct hcs_process process;
	int in[2];
	uint32_t code;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_hcs(hcs_create_process(
		       client, "web",
		       RIG_PROCESS("sh -c \\\"read a; kill -KILL $PPID; sleep 1000\\\""),
		       (const int[]){in[0], -1, -1}, &process),
	       HCS_OK);
	close(in[0]);
	ck_assert_int_eq(write(in[1], "\n", 1), 1);
	close(in[1]);
	rig_readable(process.wait_fd);
	rig_readable(process.pidfd);
	ck_hcs(hcs_wait_process(client, "web", process.process_id, &code), HCS_E_UNEXPECTED_EXIT);
	ck_hcs(hcs_shutdown_system(client, "web", 0), HCS_E_UNEXPECTED_EXIT);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_E_UNEXPECTED_EXIT);
	rig_close(&process);
	rig_end(client);
}
END_TEST

START_TEST(test_exec_limit)
{
	struct hcs_client *client = rig_client();
	const int handles[3] = {-1, -1, -1};
	struct hcs_process process[17];

	rig_system(client, "web",
		   "{\"SystemType\":\"Container\",\"Name\":\"web\",\"HvPartition\":true}");
	for (int i = 0; i < 16; i++)
		process[i] = rig_process(client, "web", RIG_PROCESS("sleep 1000"));
	ck_hcs(hcs_create_process(client, "web", RIG_PROCESS("true"), handles, &process[16]),
	       HCS_E_EXEC_LIMIT);
	ck_hcs(hcs_terminate_process(client, "web", process[0].process_id), HCS_OK);
	ck_assert_uint_eq(rig_exit(client, "web", &process[0]), 1067);
	process[0] = rig_process(client, "web", RIG_PROCESS("true"));
	for (int i = 0; i < 16; i++)
		rig_close(&process[i]);
	end(client);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_programs");
	TCase *tc = tap_tcase(s, "programs");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_exit_codes);
	tcase_add_test(tc, test_streams);
	tcase_add_test(tc, test_useless_handles);
	tcase_add_test(tc, test_environment);
	tcase_add_test(tc, test_hostname_of_the_document);
	tcase_add_test(tc, test_directory);
	tcase_add_test(tc, test_command_line);
	tcase_add_test(tc, test_programs_that_do_not_start);
	tcase_add_test(tc, test_file_that_is_no_program);
	tcase_add_test(tc, test_console);
	tcase_add_test(tc, test_resize_without_console);
	tcase_add_test(tc, test_wait_while_it_runs);
	tcase_add_test(tc, test_wait_cut_short_by_force);
	tcase_add_test(tc, test_shutdown_asks);
	tcase_add_test(tc, test_shutdown_ends_what_is_left_behind);
	tcase_add_test(tc, test_signals_are_as_they_should_be);
	tcase_add_test(tc, test_nothing_survives);
	tcase_add_test(tc, test_agent_killed);
	tcase_add_test(tc, test_exec_limit);
	return tap_main(s);
}
