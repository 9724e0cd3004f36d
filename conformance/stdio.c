/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: standard descriptors. */
#include "conformance/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LARGE ((size_t)64 * 1024 * 1024)
#define LARGE_MS 50000

static void read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used + 1 < size && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	(void)close(fd);
}

static void case_apart(struct kit *kit)
{
	struct exd_command *command =
		kit_command(kit, "apart", "read line; echo \"out $line\"; echo \"err $line\" >&2");
	struct exd_stdio stdio = {.struct_size = sizeof(stdio)};
	int in[2], out[2], err[2];
	char text[KIT_LINE];

	kit_pipe(kit, in);
	kit_pipe(kit, out);
	kit_pipe(kit, err);
	stdio.in = in[0];
	stdio.out = out[1];
	stdio.err = err[1];
	kit_check(kit, write(in[1], "x\n", 2) == 2, "cannot write");
	kit_must(kit, exd_run(kit->engine, command, &stdio, NULL, NULL, &kit->err), "run");
	(void)close(out[1]);
	(void)close(err[1]);
	read_all(out[0], text, sizeof(text));
	kit_check(kit, strcmp(text, "out x\n") == 0, "stdout is '%s'", text);
	read_all(err[0], text, sizeof(text));
	kit_check(kit, strcmp(text, "err x\n") == 0, "stderr is '%s'", text);
}

static void case_null(struct kit *kit)
{
	struct exd_command *command =
		kit_command(kit, "null", "read x && exit 1; echo x || exit 2; echo x >&2 || exit 3");
	uint32_t code = kit_run_command(kit, command).exit_code;

	kit_check(kit, code != 1, "there is something to read");
	kit_check(kit, code == 0, "it cannot be written to: code %u", code);
}

static void case_eof(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "eof", "echo ready; cat; exit 8", KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	kit_tell(kit, &box, "some\n");
	kit_expect(kit, box.out, "some");
	(void)close(box.in);
	kit_check(kit, kit_wait(kit, &box).exit_code == 8, "it did not end as it should");
}

static void case_output_eof(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "output", "echo last", KIT_ONCE);

	(void)kit_wait(kit, &box);
	kit_expect(kit, box.out, "last");
	kit_eof(kit, box.out, "somebody holds its stdout when it is gone");
}

/* Bytes in an order that shows what is lost, twice there or out of place. */
static void fill(unsigned char *buf, size_t size, uint32_t *state)
{
	for (size_t i = 0; i < size; i++) {
		*state = *state * 1664525u + 1013904223u;
		buf[i] = (unsigned char)(*state >> 24);
	}
}

struct flow {
	unsigned char out[65536], in[65536], want[65536];
	size_t filled, written, sent, received;
	uint32_t send_state, receive_state;
};

static void send_some(struct flow *flow, struct kit_box *box)
{
	ssize_t n;

	if (flow->written == flow->filled) {
		flow->filled = sizeof(flow->out);
		flow->written = 0;
		fill(flow->out, flow->filled, &flow->send_state);
	}
	n = write(box->in, flow->out + flow->written, flow->filled - flow->written);
	if (n > 0) {
		flow->written += (size_t)n;
		flow->sent += (size_t)n;
	}
	if (flow->sent < LARGE)
		return;
	(void)close(box->in);
	box->in = -1;
}

static bool receive_some(struct kit *kit, struct flow *flow, int fd)
{
	ssize_t n = read(fd, flow->in, sizeof(flow->in));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	fill(flow->want, (size_t)n, &flow->receive_state);
	kit_check(kit, memcmp(flow->in, flow->want, (size_t)n) == 0,
		  "bytes differ within the first %zu", flow->received + (size_t)n);
	flow->received += (size_t)n;
	return true;
}

static void case_large(struct kit *kit)
{
	static struct flow flow;
	struct kit_box box = kit_start_box(kit, "large", "exec cat", KIT_ONCE);
	int64_t deadline = clock_ms() + LARGE_MS;
	bool more = true;

	(void)fcntl(box.in, F_SETFL, O_NONBLOCK);
	while (more && clock_left_ms(deadline) > 0) {
		struct pollfd p[] = {{.fd = box.in, .events = POLLOUT},
				     {.fd = box.out, .events = POLLIN}};

		(void)poll(p, 2, clock_left_ms(deadline));
		if (p[0].revents)
			send_some(&flow, &box);
		if (p[1].revents)
			more = receive_some(kit, &flow, box.out);
	}
	kit_check(kit, flow.sent == LARGE && flow.received == LARGE,
		  "%zu bytes of %zu came back of %zu", flow.received, LARGE, flow.sent);
	kit_check(kit, kit_wait(kit, &box).exit_code == 0, "cat failed");
}

static void case_file(struct kit *kit)
{
	struct exd_command *command = kit_command(kit, "file", "echo written");
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio), .in = EXD_FD_NULL, .err = EXD_FD_NULL};
	char path[256], text[KIT_LINE] = "";
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/.file", kit->root);
	stdio.out = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	kit_check(kit, stdio.out >= 0 && write(stdio.out, "before ", 7) == 7, "no file");
	kit_must(kit, exd_run(kit->engine, command, &stdio, NULL, NULL, &kit->err), "run");
	n = pread(stdio.out, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	kit_check(kit, strcmp(text, "before written\n") == 0, "the file holds '%s'", text);
}

static void case_closed(struct kit *kit)
{
	struct exd_command *command = kit_command(kit, "closed", "exit 12");
	uint32_t code;

	exd_engine_close(kit->engine);
	for (int fd = 0; fd < 3; fd++)
		(void)close(fd);
	kit->engine = kit_engine(kit, kit->options->config);
	code = kit_run_command(kit, command).exit_code;
	kit_check(kit, code == 12, "its exit code is %u", code);
}

/* One that would hold stdout for longer than any case may last. */
static void case_grandchild(struct kit *kit)
{
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_NULL,
				  .out = EXD_FD_PIPE,
				  .err = EXD_FD_PIPE};
	struct exd_command *command =
		kit_command(kit, "grandchild", "(trap '' HUP TERM; sleep 1000) & exit 13");
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_process *process = NULL;

	kit_must(kit,
		 exd_start(kit->engine, command, &stdio, NULL, KIT_ONCE, &process, &kit->err),
		 "start");
	kit_must(kit, exd_process_wait(process, KIT_SOON_MS, &status, &kit->err),
		 "the end of the program");
	kit_check(kit, status.exit_code == 13, "its exit code is %u", status.exit_code);
}

static void case_program_closes(struct kit *kit)
{
	struct kit_box box =
		kit_start_box(kit, "closes", "echo last; exec >&-; read x; exit 14", KIT_ONCE);

	kit_expect(kit, box.out, "last");
	kit_eof(kit, box.out, "somebody else holds its stdout");
	kit_check(kit, exd_process_phase(box.process) == EXD_PHASE_RUNNING, "it has ended");
	kit_let_end(kit, &box, 14);
}

static const struct kit_case cases[] = {
	{"stdio.apart", "stdio-1", .needs = "run.once", .run = case_apart},
	{"stdio.null", "stdio-2", .needs = "run.code", .run = case_null},
	{"stdio.eof", "stdio-3", .needs = "run.code", .run = case_eof},
	{"stdio.output_eof", "stdio-4", .needs = "run.once", .run = case_output_eof},
	{"stdio.large", "stdio-5", .needs = "run.code", .run = case_large},
	{"stdio.file", "stdio-6", .needs = "run.once", .run = case_file},
	{"stdio.closed", "stdio-7", .needs = "run.code", .run = case_closed},
	{"stdio.grandchild", "stdio-8", .needs = "run.code", .run = case_grandchild},
	{"stdio.program_closes", "stdio-9", .needs = "stdio.output_eof",
	 .run = case_program_closes},
};

KIT_GROUP(kit_stdio);
