/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker of hcs-stub, with the test in the place of its monitor. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>
#include <execdriver/worker.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/seqpacket.h"
#include "tests/unit/contains.h"
#include "tests/unit/hcs_rig.h"

#define PATIENCE_MS 30000

/* A worker that runs, and what it is told. */
struct worker {
	pid_t pid;
	int line;   /* the monitor's end */
	int output; /* of the container's stdout */
	int tty;    /* with READY, or negative */
};

/* What a launch says beside the usual; texts are JSON. */
struct launch {
	const char *operation; /* "run" */
	const char *line;      /* command line */
	const char *faults;
	const char *delays;
	const char *more; /* members, each with a comma before it */
	const char *system;
	const char *emulator;
	bool tty;
};

static const char * or (const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static int write_launch(const struct launch *l)
{
	int fd = memfd_create("launch", MFD_CLOEXEC);
	bool exec = strcmp(or (l->operation, "run"), "exec") == 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(
		dprintf(fd,
			"{\"operation\":\"%s\",\"id\":\"web\",\"owner\":\"docker\",\"system\":%s,"
			"\"process\":{\"ApplicationName\":\"\",\"CommandLine\":\"%s\","
			"\"EmulateConsole\":%s,\"ConsoleSize\":[24,80]},\"tty\":%s,\"console\":[24,80],"
			"\"start_retries\":5,\"retry_delay_ms\":5,\"emulator\":{\"path\":\"%s\","
			"\"faults\":[%s],\"delays\":[%s],\"journal\":true,\"idle_ms\":50}%s}",
			or (l->operation, "run"),
			exec ? "null" : or (l->system, RIG_DOCUMENT("web")), or (l->line, "true"),
			l->tty ? "true" : "false", l->tty ? "true" : "false",
			or (l->emulator, rig_program("execdriver-hcs-emulator")), or (l->faults, ""),
			or (l->delays, ""), or (l->more, "")),
		0);
	return fd;
}

_Noreturn static void become(int launch, int line, int output)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int from[6] = {null, output, null, line, launch, rig_root_fd()};
	char program[512];

	snprintf(program, sizeof(program), "%s", rig_program("execdriver-hcs-worker"));
	for (int fd = 0; fd < 6; fd++)
		from[fd] = fcntl(from[fd], F_DUPFD_CLOEXEC, 10);
	for (int fd = 0; fd < 6; fd++)
		(void)dup2(from[fd], fd);
	(void)execl(program, program, "web", "hash", (char *)NULL);
	_exit(99);
}

static struct worker start_with(int launch)
{
	struct worker w = {.tty = FD_NONE};
	int pair[2], output[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(pipe2(output, O_CLOEXEC), 0);
	(void)rig_root_fd();
	w.pid = fork();
	if (w.pid == 0)
		become(launch, pair[1], output[1]);
	ck_assert_int_gt(w.pid, 0);
	close(launch);
	close(pair[1]);
	close(output[1]);
	w.line = pair[0];
	w.output = output[0];
	return w;
}

static struct worker start(const struct launch *l)
{
	return start_with(write_launch(l));
}

/* The next report; of another kind than this the test fails. kind 0: the end of the line. */
static struct exd_worker_report hear(struct worker *w, uint32_t kind)
{
	struct exd_worker_report r = {0};
	unsigned int nfds = 1;
	int fd = FD_NONE;
	ssize_t n;

	rig_readable(w->line);
	n = seq_recv(w->line, &r, sizeof(r), &fd, &nfds, 0);
	ck_assert_msg(r.kind == kind, "%zd bytes, kind %u, not %u: %s", n, r.kind, kind, r.text);
	ck_assert_int_eq(n, kind ? (ssize_t)sizeof(r) : 0);
	if (nfds)
		w->tty = fd;
	return r;
}

/* Waits for the end of the worker; what it said is at an end, too. */
static void end(struct worker *w)
{
	siginfo_t info;

	if (w->line >= 0)
		(void)hear(w, 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)w->pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_code, CLD_EXITED);
	cleanup_close_fn(&w->line);
	cleanup_close_fn(&w->output);
	cleanup_close_fn(&w->tty);
}

static void order_stop(struct worker *w)
{
	struct exd_worker_order o = {.struct_size = sizeof(o), .kind = EXD_WORKER_STOP};

	ck_assert_int_eq(send(w->line, &o, sizeof(o), 0), sizeof(o));
}

static void hear_code(struct worker *w, uint32_t code)
{
	ck_assert_uint_eq(hear(w, EXD_WORKER_CODE).status, code);
	end(w);
}

static void hear_failed(struct worker *w, enum exd_code code, const char *text)
{
	struct exd_worker_report r = hear(w, EXD_WORKER_FAILED);

	ck_assert_uint_eq(r.code, code);
	ck_assert_contains(r.text, text);
	end(w);
}

/* The names of the calls so far, a comma after each; closed by the service's end. */
static void check_calls(const char *want)
{
	char calls[2048] = "", *journal, *at;

	rig_wait_end();
	journal = rig_journal();
	for (at = journal; (at = strstr(at, ",\"call\":\"")); at++) {
		const char *name = at + strlen(",\"call\":\"");

		snprintf(calls + strlen(calls), sizeof(calls) - strlen(calls), "%.*s,",
			 (int)strcspn(name, "\""), name);
	}
	ck_assert_str_eq(calls, want);
	free(journal);
}

#define CREATE "CreateComputeSystem,"
#define START "StartComputeSystem,"
#define PROCESS "CreateProcessWithStdHandlesInComputeSystem,"
#define WAIT "WaitForProcessInComputeSystem,"
#define SHUTDOWN "ShutdownComputeSystem,"
#define TERMINATE "TerminateComputeSystem,"
#define SCRIPT "SetEmulatorScript,"

static void read_output(const struct worker *w, const char *want)
{
	char text[256];
	size_t at = 0;
	ssize_t n;

	while ((n = read(w->output, text + at, sizeof(text) - 1 - at)) > 0)
		at += (size_t)n;
	text[at] = '\0';
	ck_assert_str_eq(text, want);
}

START_TEST(test_run)
{
	struct worker w = start(&(struct launch){.line = "sh -c \\\"echo hello; exit 41\\\""});
	struct exd_worker_report r = hear(&w, EXD_WORKER_READY);

	ck_assert_int_gt(r.pid, 0);
	ck_assert_uint_eq(r.with, 0);
	read_output(&w, "hello\n");
	hear_code(&w, 41);
	check_calls(CREATE START PROCESS WAIT SHUTDOWN);
	rig_end(NULL);
}
END_TEST

START_TEST(test_console)
{
	struct worker w = start(&(struct launch){.line = "sh -c \\\"read a; exit 5\\\"", .tty = true});
	struct winsize size;

	ck_assert_uint_eq(hear(&w, EXD_WORKER_READY).with, EXD_WORKER_WITH_TTY);
	ck_assert_int_eq(ioctl(w.tty, TIOCGWINSZ, &size), 0);
	ck_assert_int_eq(size.ws_row, 24);
	ck_assert_int_eq(size.ws_col, 80);
	ck_assert_int_eq(write(w.tty, "\n", 1), 1);
	hear_code(&w, 5);
	rig_end(NULL);
}
END_TEST

#define FAULT(call, times, error) \
	"{\"call\":\"" call "\",\"times\":" #times ",\"error\":" #error "}"

/* 0x800401f3 is one of those that pass. */
START_TEST(test_retries)
{
	struct worker w =
		start(&(struct launch){.faults = FAULT("CreateComputeSystem", 4, 2147746291)});

	(void)hear(&w, EXD_WORKER_READY);
	hear_code(&w, 0);
	check_calls(SCRIPT CREATE CREATE CREATE CREATE CREATE START PROCESS WAIT SHUTDOWN);
	rig_end(NULL);
}
END_TEST

START_TEST(test_last_retry_fails)
{
	struct worker w =
		start(&(struct launch){.faults = FAULT("CreateComputeSystem", 5, 2147746291)});

	hear_failed(&w, EXD_ERR_SYSTEM,
		    "hcsshim::CreateComputeSystem - Win32 API call returned error r1=0x800401f3 "
		    "err=The class string is not valid. id=web");
	check_calls(SCRIPT CREATE CREATE CREATE CREATE CREATE);
	rig_end(NULL);
}
END_TEST

START_TEST(test_others_are_not_retried)
{
	struct worker w =
		start(&(struct launch){.faults = FAULT("CreateComputeSystem", 1, 2147942405)});

	hear_failed(&w, EXD_ERR_SYSTEM, "r1=0x80070005");
	check_calls(SCRIPT CREATE);
	rig_end(NULL);
}
END_TEST

START_TEST(test_failed_start_tears_down)
{
	struct worker w =
		start(&(struct launch){.faults = FAULT("StartComputeSystem", 1, 2147943568)});

	hear_failed(&w, EXD_ERR_SYSTEM, "hcsshim::StartComputeSystem");
	check_calls(SCRIPT CREATE START TERMINATE);
	rig_end(NULL);
}
END_TEST

START_TEST(test_program_not_found)
{
	struct worker w = start(&(struct launch){.line = "no-such-program arg"});

	hear_failed(&w, EXD_ERR_EXEC_NOT_FOUND, "program=no-such-program");
	w = start(&(struct launch){.line = "\\\"/etc/passwd\\\""});
	hear_failed(&w, EXD_ERR_EXEC, "program=/etc/passwd");
	check_calls(CREATE START PROCESS TERMINATE CREATE START PROCESS TERMINATE);
	rig_end(NULL);
}
END_TEST

START_TEST(test_told_to_stop)
{
	struct worker w = start(&(struct launch){.line = "sleep 1000"});

	(void)hear(&w, EXD_WORKER_READY);
	order_stop(&w);
	/* Nobody learns how it would have ended. */
	hear_code(&w, 32767);
	check_calls(CREATE START PROCESS TERMINATE WAIT SHUTDOWN);
	rig_end(NULL);
}
END_TEST

/* The monitor goes while a call is on: it is undone. */
START_TEST(test_given_up_before_ready)
{
	struct worker w = start(&(struct launch){
		.delays = "{\"call\":\"StartComputeSystem\",\"ms\":600000}"});
	struct hcs_client *client = NULL;
	char *json = NULL;

	while (!client || hcs_properties(client, "web", &json) != HCS_OK) {
		(void)hcs_disconnect(client);
		client = rig_connect();
		(void)poll(NULL, 0, 5);
	}
	free(json);
	(void)hcs_disconnect(client);
	close(w.line);
	w.line = FD_NONE;
	end(&w);
	rig_end(NULL);
}
END_TEST

/* The monitor goes later: the container does not, and is cleaned up when it ends. */
START_TEST(test_alone_after_ready)
{
	struct worker w = start(&(struct launch){.line = "sleep 1000"});
	uint32_t pid = (uint32_t)hear(&w, EXD_WORKER_READY).pid;
	struct hcs_client *client = rig_connect();
	char *json;

	ck_assert_ptr_nonnull(client);
	close(w.line);
	w.line = FD_NONE;
	ck_hcs(hcs_properties(client, "web", &json), HCS_OK);
	ck_assert_contains(json, "\"State\":\"Running\"");
	free(json);
	ck_hcs(hcs_terminate_process(client, "web", pid), HCS_OK);
	end(&w);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_E_ALREADY_STOPPED);
	rig_end(client);
}
END_TEST

START_TEST(test_wait_fails)
{
	struct worker w = start(
		&(struct launch){.faults = FAULT("WaitForProcessInComputeSystem", 1, 2147942405)});

	(void)hear(&w, EXD_WORKER_READY);
	ck_assert_contains(hear(&w, EXD_WORKER_WARNING).text, "hcsshim::WaitForProcess");
	hear_code(&w, 32767);
	rig_end(NULL);
}
END_TEST

START_TEST(test_service_killed)
{
	struct worker w = start(&(struct launch){.line = "sleep 1000"});
	pid_t pid = hear(&w, EXD_WORKER_READY).pid;

	ck_assert_int_eq(kill(rig_service(), SIGKILL), 0);
	ck_assert_contains(hear(&w, EXD_WORKER_WARNING).text, "r1=0x800706ba");
	hear_code(&w, 32767);
	ck_assert(rig_dead(pid));
	rig_end(rig_client());
}
END_TEST

/* One more process that does not listen must not keep the container for longer than that. */
static void check_deaf(const struct launch *l, const char *last)
{
	struct worker w = start(l);
	struct hcs_client *client;
	struct hcs_process deaf;
	int out[2], in = 0;
	char byte, *journal;

	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	in = hear(&w, EXD_WORKER_READY).pid;
	client = rig_connect();
	ck_hcs(hcs_create_process(client, "web",
				  RIG_PROCESS("sh -c \\\"trap '' TERM; echo; while :; do sleep 9; "
					      "done\\\""),
				  (int[]){-1, out[1], -1}, &deaf),
	       HCS_OK);
	ck_assert_int_eq(read(out[0], &byte, 1), 1);
	ck_hcs(hcs_terminate_process(client, "web", (uint32_t)in), HCS_OK);
	hear_code(&w, 1067);
	rig_readable(deaf.wait_fd);
	(void)hcs_disconnect(client);
	rig_close(&deaf);
	close(out[0]);
	close(out[1]);
	rig_wait_end();
	journal = rig_journal();
	ck_assert_contains(journal, "\"call\":\"TerminateComputeSystem\"");
	ck_assert_contains(journal, last);
	free(journal);
	rig_end(NULL);
}

START_TEST(test_shutdown_is_bounded)
{
	check_deaf(&(struct launch){.line = "sleep 1000", .more = ",\"shutdown_timeout_ms\":30"},
		   "\"timeout_ms\":30,\"result\":\"0xc0370103\"");
}
END_TEST

/* By the worker itself where the service does not keep to it. */
START_TEST(test_shutdown_that_hangs)
{
	check_deaf(&(struct launch){.line = "sleep 1000",
				    .more = ",\"shutdown_timeout_ms\":30",
				    .delays = "{\"call\":\"ShutdownComputeSystem\",\"ms\":600000}"},
		   "\"timeout_ms\":30,\"result\":\"0x800704c7\"");
}
END_TEST

START_TEST(test_forcekill)
{
	struct worker w = start(&(struct launch){.more = ",\"forcekill\":true"});

	(void)hear(&w, EXD_WORKER_READY);
	hear_code(&w, 0);
	check_calls(CREATE START PROCESS WAIT TERMINATE);
	rig_end(NULL);
}
END_TEST

/* 0x80070003 says that it is gone already, the other that something is wrong. */
START_TEST(test_shutdown_fails)
{
	struct worker w =
		start(&(struct launch){.faults = FAULT("ShutdownComputeSystem", 1, 2147942403)});

	(void)hear(&w, EXD_WORKER_READY);
	hear_code(&w, 0);
	w = start(&(struct launch){.faults = FAULT("ShutdownComputeSystem", 1, 2147942405)});
	(void)hear(&w, EXD_WORKER_READY);
	ck_assert_contains(hear(&w, EXD_WORKER_WARNING).text,
			   "hcsshim::ShutdownComputeSystem - Win32 API call returned error "
			   "r1=0x80070005");
	hear_code(&w, 0);
	check_calls(SCRIPT CREATE START PROCESS WAIT SHUTDOWN TERMINATE SCRIPT CREATE START PROCESS
			    WAIT SHUTDOWN TERMINATE);
	rig_end(NULL);
}
END_TEST

/* ---- further processes ----------------------------------------------------------------------- */

static struct hcs_client *begin_system(const char *document)
{
	struct hcs_client *client = rig_client();

	rig_system(client, "web", document);
	return client;
}

static void end_system(struct hcs_client *client)
{
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}

START_TEST(test_exec)
{
	struct hcs_client *client = begin_system(RIG_DOCUMENT("web"));
	struct worker w = start(&(struct launch){.operation = "exec",
						 .line = "sh -c \\\"echo more; exit 9\\\""});

	(void)hear(&w, EXD_WORKER_READY);
	read_output(&w, "more\n");
	hear_code(&w, 9);
	/* The container is as it was. */
	end_system(client);
}
END_TEST

START_TEST(test_exec_where_nothing_runs)
{
	struct worker w = start(&(struct launch){.operation = "exec"});
	struct hcs_client *client;

	hear_failed(&w, EXD_ERR_NOT_RUNNING, "r1=0xc037010e");
	client = begin_system(RIG_DOCUMENT("web"));
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	w = start(&(struct launch){.operation = "exec"});
	hear_failed(&w, EXD_ERR_NOT_RUNNING, "r1=0xc0370110");
	rig_end(client);
}
END_TEST

START_TEST(test_exec_told_to_stop)
{
	struct hcs_client *client = begin_system(RIG_DOCUMENT("web"));
	struct worker w = start(&(struct launch){.operation = "exec", .line = "sleep 1000"});

	(void)hear(&w, EXD_WORKER_READY);
	order_stop(&w);
	hear_code(&w, 1067);
	end_system(client);
}
END_TEST

START_TEST(test_exec_ends_with_its_system)
{
	struct hcs_client *client = begin_system(RIG_DOCUMENT("web"));
	struct worker w = start(&(struct launch){.operation = "exec", .line = "sleep 1000"});

	(void)hear(&w, EXD_WORKER_READY);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	hear_code(&w, 32767);
	rig_end(client);
}
END_TEST

/* Any other failure of the wait: it is lost, without a word about its end. */
START_TEST(test_exec_is_lost)
{
	struct hcs_client *client = begin_system(RIG_DOCUMENT("web"));
	struct worker w;

	ck_hcs(hcs_set_script(client, "web",
			      "{\"faults\":[" FAULT("WaitForProcessInComputeSystem", 1,
						    2147942405) "]}"),
	       HCS_OK);
	w = start(&(struct launch){.operation = "exec"});
	(void)hear(&w, EXD_WORKER_READY);
	(void)hear(&w, EXD_WORKER_WARNING);
	end(&w);
	end_system(client);
}
END_TEST

START_TEST(test_exec_limit)
{
	struct hcs_client *client = begin_system(
		"{\"SystemType\":\"Container\",\"Name\":\"web\",\"HvPartition\":true}");
	struct worker w;

	ck_hcs(hcs_set_script(client, "web",
			      "{\"faults\":[" FAULT("CreateProcessWithStdHandlesInComputeSystem", 1,
						    2147952422) "]}"),
	       HCS_OK);
	w = start(&(struct launch){.operation = "exec"});
	hear_failed(&w, EXD_ERR_HOST,
		    "The limit of docker execs per Hyper-V container has been exceeded");
	end_system(client);
}
END_TEST

/* ---- what goes wrong at once ----------------------------------------------------------------- */

START_TEST(test_no_service)
{
	struct worker w = start(&(struct launch){.emulator = "/no/such/service"});

	hear_failed(&w, EXD_ERR_SYSTEM,
		    "cannot start the emulated compute service '/no/such/service'");
	rig_end(NULL);
}
END_TEST

START_TEST(test_bad_launch)
{
	static const char *const texts[] = {"", "{", "[]", "{\"operation\":\"run\",\"id\":\"web\"}",
					    "{\"operation\":\"create\",\"id\":\"web\"}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int fd = memfd_create("launch", MFD_CLOEXEC);
		struct worker w;

		ck_assert_int_eq(write_all(fd, texts[i], strlen(texts[i])), 0);
		w = start_with(fd);
		hear_failed(&w, EXD_ERR_PROTOCOL, "does not understand");
	}
	rig_end(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_worker");
	TCase *tc = tap_tcase(s, "worker");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_run);
	tcase_add_test(tc, test_console);
	tcase_add_test(tc, test_retries);
	tcase_add_test(tc, test_last_retry_fails);
	tcase_add_test(tc, test_others_are_not_retried);
	tcase_add_test(tc, test_failed_start_tears_down);
	tcase_add_test(tc, test_program_not_found);
	tcase_add_test(tc, test_told_to_stop);
	tcase_add_test(tc, test_given_up_before_ready);
	tcase_add_test(tc, test_alone_after_ready);
	tcase_add_test(tc, test_wait_fails);
	tcase_add_test(tc, test_service_killed);
	tcase_add_test(tc, test_shutdown_is_bounded);
	tcase_add_test(tc, test_shutdown_that_hangs);
	tcase_add_test(tc, test_forcekill);
	tcase_add_test(tc, test_shutdown_fails);
	tcase_add_test(tc, test_exec);
	tcase_add_test(tc, test_exec_where_nothing_runs);
	tcase_add_test(tc, test_exec_told_to_stop);
	tcase_add_test(tc, test_exec_ends_with_its_system);
	tcase_add_test(tc, test_exec_is_lost);
	tcase_add_test(tc, test_exec_limit);
	tcase_add_test(tc, test_no_service);
	tcase_add_test(tc, test_bad_launch);
	return tap_main(s);
}
