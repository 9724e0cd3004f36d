/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client and the emulated service say to each other: a request, a reply, one at a time. */
#ifndef EXECDRIVER_HCS_PROTOCOL_H
#define EXECDRIVER_HCS_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Below the state root. */
#define HCS_DIRECTORY ".hcs"
#define HCS_SOCKET "sock"
#define HCS_LOCK "lock"
#define HCS_JOURNAL "journal.jsonl"

#define HCS_MAGIC 0x31534348u /* "HCS1" */
#define HCS_ID_MAX 128u

enum hcs_call {
	HCS_CALL_HELLO,
	HCS_CALL_CREATE_SYSTEM,
	HCS_CALL_START_SYSTEM,
	HCS_CALL_SHUTDOWN_SYSTEM,
	HCS_CALL_TERMINATE_SYSTEM,
	HCS_CALL_CREATE_PROCESS,
	HCS_CALL_WAIT_PROCESS,
	HCS_CALL_TERMINATE_PROCESS,
	HCS_CALL_RESIZE_CONSOLE,
	HCS_CALL_PROPERTIES,
	HCS_CALL_WATCH_SYSTEM,
	HCS_CALL_SET_SCRIPT,
	HCS_CALL_COUNT
};

/* Followed by the id and the text, neither with a NUL. Descriptors: as `handles` says, in order. */
struct hcs_request {
	uint32_t magic;
	uint32_t call;    /* enum hcs_call */
	uint32_t handles; /* bits 0 to 2: there is a stdin, stdout, stderr */
	uint32_t process_id;
	int32_t timeout_ms;
	uint16_t height;
	uint16_t width;
	uint32_t id_size;
	uint32_t text_size;
};

/* Descriptors of a reply, in this order. */
enum hcs_reply_with {
	HCS_WITH_WAIT = 1 << 0,
	HCS_WITH_CONSOLE = 1 << 1,
	HCS_WITH_PIDFD = 1 << 2
};
#define HCS_HANDLES_MAX 3u

/* Followed by the text. */
struct hcs_reply {
	uint32_t magic;
	uint32_t call;
	uint32_t result;
	uint32_t process_id;
	uint32_t exit_code;
	uint32_t with; /* enum hcs_reply_with */
	uint32_t text_size;
};

#define HCS_REQUEST_MAX (sizeof(struct hcs_request) + HCS_ID_MAX + 128u * 1024u)
#define HCS_REPLY_MAX (sizeof(struct hcs_reply) + 128u * 1024u)

/* The name that journal and scripts know a call by. */
const char *hcs_call_name(uint32_t call);
/* -ENOENT when there is no such call. */
int hcs_call_find(const char *name);

/*
 * A request as it came in. Checks sizes, magic, call, id and number of descriptors, no more:
 * -EPROTO. `id` and `text` are copies with a NUL, to be freed with hcs_incoming_clear().
 */
struct hcs_incoming {
	struct hcs_request head;
	char *id;
	char *text;
};
int hcs_incoming_parse(struct hcs_incoming *in, const void *data, size_t size, unsigned int nfds);
void hcs_incoming_clear(struct hcs_incoming *in);

#endif
