/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: what hosts and newborn processes send to the monitor. The input is a list of turns:
 * one byte says what happens, the next ones how.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/monitor_rig.h"

#define TURNS_MAX 64

/* TYPE REQUEST NFDS KIND... SIZE BODY, with a true head, or a head of its own. */
static void send_one(struct rig *r, struct input *in, bool raw)
{
	uint16_t type = input_byte(in);
	uint64_t request = input_byte(in);
	unsigned int nfds = input_byte(in) % 9;
	int fds[8];
	size_t size;

	for (unsigned int i = 0; i < nfds && i < 8; i++)
		fds[i] = rig_fd(r, input_byte(in));
	if (nfds > 8)
		nfds = 8;
	size = input_word(in);
	if (size > in->left)
		size = in->left;
	if (raw)
		rig_send(r->host, in->at, size, fds, nfds);
	else
		rig_message(r, type, request, in->at, size, fds, nfds);
	in->at += size;
	in->left -= size;
	rig_turn(r);
}

static void say_hello(struct rig *r)
{
	struct wire_hello hello = {.version = WIRE_VERSION};

	rig_message(r, WIRE_HELLO, 1, &hello, sizeof(hello), NULL, 0);
	rig_turn(r);
}

static void launch(struct rig *r, struct input *in)
{
	uint8_t plan = input_byte(in);
	uint8_t flags = input_byte(in);
	uint8_t with = input_byte(in);

	rig_launch(r, (enum rig_plan)(plan % RIG_PLANS), flags & 0xf, with);
}

/* What a child says, or a small init. */
static void report(struct rig *r, struct input *in)
{
	struct wire_report body = {.type = input_byte(in)};
	uint8_t how = input_byte(in);
	int fd = how & 2 ? rig_fd(r, input_byte(in)) : -1;

	body.status = how;
	body.failure.code = how;
	rig_send(how & 1 ? r->init : r->report, &body, how & 4 ? 3 : sizeof(body), &fd, fd >= 0);
	rig_turn(r);
}

static void verdict(struct rig *r, struct input *in)
{
	int32_t answer = (int8_t)input_byte(in);

	rig_message(r, input_byte(in) % 2 ? WIRE_GO : WIRE_ACK, r->request, &answer,
		    sizeof(answer), NULL, 0);
	rig_turn(r);
}

static void turn(struct rig *r, struct input *in)
{
	uint8_t what = input_byte(in);

	switch (what % 12) {
	case 0:
	case 1:
		send_one(r, in, what % 12);
		break;
	case 2:
		say_hello(r);
		break;
	case 3:
		launch(r, in);
		break;
	case 4:
		report(r, in);
		break;
	case 5:
		verdict(r, in);
		break;
	case 6:
		rig_timer(r);
		break;
	case 7:
		rig_kill(r);
		break;
	case 8:
		rig_connect(r);
		break;
	case 9:
		close_fd(&r->report);
		rig_turn(r);
		break;
	case 10:
		r->steps++;
		break;
	default:
		r->births++;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct rig *r = rig_begin();

	for (int i = 0; i < TURNS_MAX && in.left; i++)
		turn(r, &in);
	rig_end(r);
	return 0;
}
