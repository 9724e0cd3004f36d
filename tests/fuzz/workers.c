/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: what a driver's worker reports to the monitor. First bytes: which plan, flags, what
 * comes with the launch; then a list of turns, as in requests.c.
 */
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/monitor_rig.h"

#define TURNS_MAX 64

/* KIND WITH NFDS FD... PID STATUS CODE TEXT, with the rest as it has to be. */
static void report(struct rig *r, struct input *in)
{
	struct exd_worker_report body = {.struct_size = sizeof(body)};
	unsigned int nfds;
	int fds[4];

	body.kind = input_byte(in);
	body.with = input_byte(in);
	nfds = (unsigned int)__builtin_popcount(body.with) & 3u;
	for (unsigned int i = 0; i < nfds; i++)
		fds[i] = rig_fd(r, input_byte(in));
	body.pid = (int8_t)input_byte(in);
	if (body.pid == INT8_MAX)
		body.pid = getpid();
	body.status = input_word(in);
	body.code = input_byte(in);
	body.error_num = (int8_t)input_byte(in);
	memset(body.text, 'x', input_byte(in));
	rig_send(r->line, &body, sizeof(body), fds, nfds);
	rig_turn(r);
}

/* Bytes as they are. */
static void report_bytes(struct rig *r, struct input *in)
{
	size_t size = input_word(in);
	int fd = rig_fd(r, input_byte(in));

	if (size > in->left)
		size = in->left;
	rig_send(r->line, in->at, size, &fd, 1);
	in->at += size;
	in->left -= size;
	rig_turn(r);
}

static void verdict(struct rig *r, uint16_t type, int32_t answer)
{
	rig_message(r, type, r->request, &answer, sizeof(answer), NULL, 0);
	rig_turn(r);
}

static void send_signal(struct rig *r, struct input *in)
{
	struct {
		struct wire_kill head;
		char id[sizeof("box")];
	} body = {.head = {.signal = (int8_t)input_byte(in), .id_size = sizeof("box")},
		  .id = "box"};

	rig_message(r, WIRE_KILL, 9, &body, sizeof(body), NULL, 0);
	rig_turn(r);
}

static void turn(struct rig *r, struct input *in)
{
	switch (input_byte(in) % 10) {
	case 0:
		report(r, in);
		break;
	case 1:
		report_bytes(r, in);
		break;
	case 2:
		verdict(r, WIRE_GO, 0);
		break;
	case 3:
		verdict(r, WIRE_ACK, 0);
		break;
	case 4:
		verdict(r, input_byte(in) % 2 ? WIRE_GO : WIRE_ACK, -1);
		break;
	case 5:
		send_signal(r, in);
		break;
	case 6:
		rig_timer(r);
		break;
	case 7:
		rig_kill(r);
		break;
	case 8:
		close_fd(&r->line);
		rig_turn(r);
		break;
	default:
		close_fd(&r->host);
		rig_turn(r);
		break;
	}
}

/* The program of the worker was executed. */
static void begin(struct rig *r, struct input *in)
{
	struct wire_hello hello = {.version = WIRE_VERSION};
	struct wire_report executing = {.type = WIRE_REPORT_EXECUTING};
	uint8_t plan = input_byte(in), flags = input_byte(in), with = input_byte(in);

	rig_message(r, WIRE_HELLO, 1, &hello, sizeof(hello), NULL, 0);
	rig_turn(r);
	rig_launch(r, (enum rig_plan)(RIG_WORKER + plan % (RIG_PLANS - RIG_WORKER)), flags & 0xf,
		   with);
	rig_send(r->report, &executing, sizeof(executing), NULL, 0);
	close_fd(&r->report);
	rig_turn(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct rig *r = rig_begin();

	begin(r, &in);
	for (int i = 0; i < TURNS_MAX && in.left; i++)
		turn(r, &in);
	rig_end(r);
	return 0;
}
