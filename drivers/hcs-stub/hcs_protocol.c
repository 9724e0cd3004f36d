/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client and the emulated service say to each other. */
#include "drivers/hcs-stub/hcs_protocol.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "drivers/hcs-stub/hcs.h"

static const char *const call_names[HCS_CALL_COUNT] = {
	[HCS_CALL_HELLO] = "Hello",
	[HCS_CALL_CREATE_SYSTEM] = "CreateComputeSystem",
	[HCS_CALL_START_SYSTEM] = "StartComputeSystem",
	[HCS_CALL_SHUTDOWN_SYSTEM] = "ShutdownComputeSystem",
	[HCS_CALL_TERMINATE_SYSTEM] = "TerminateComputeSystem",
	[HCS_CALL_CREATE_PROCESS] = "CreateProcessWithStdHandlesInComputeSystem",
	[HCS_CALL_WAIT_PROCESS] = "WaitForProcessInComputeSystem",
	[HCS_CALL_TERMINATE_PROCESS] = "TerminateProcessInComputeSystem",
	[HCS_CALL_RESIZE_CONSOLE] = "ResizeConsoleInComputeSystem",
	[HCS_CALL_PROPERTIES] = "GetComputeSystemProperties",
	[HCS_CALL_WATCH_SYSTEM] = "RegisterComputeSystemCallback",
	[HCS_CALL_SET_SCRIPT] = "SetEmulatorScript",
};

const char *hcs_call_name(uint32_t call)
{
	return call < HCS_CALL_COUNT ? call_names[call] : "Unknown";
}

int hcs_call_find(const char *name)
{
	for (int call = HCS_CALL_HELLO + 1; call < HCS_CALL_COUNT; call++)
		if (strcmp(call_names[call], name) == 0)
			return call;
	return -ENOENT;
}

static bool id_is_valid(const char *id, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)id[i]) && (i == 0 || !strchr("_.+-", id[i])))
			return false;
	return size && size <= HCS_ID_MAX && !memchr(id, '\0', size);
}

static bool head_is_valid(const struct hcs_request *head, size_t size, unsigned int nfds)
{
	if (head->magic != HCS_MAGIC || head->call >= HCS_CALL_COUNT)
		return false;
	if (head->id_size > HCS_ID_MAX || head->text_size > HCS_TEXT_MAX ||
	    sizeof(*head) + head->id_size + head->text_size != size)
		return false;
	if (head->handles >= 1u << HCS_HANDLES_MAX ||
	    (head->handles && head->call != HCS_CALL_CREATE_PROCESS))
		return false;
	return nfds == (unsigned int)__builtin_popcount(head->handles);
}

int hcs_incoming_parse(struct hcs_incoming *in, const void *data, size_t size, unsigned int nfds)
{
	const char *rest = (const char *)data + sizeof(in->head);
	cleanup_free char *id = NULL;
	cleanup_free char *text = NULL;
	struct hcs_request head;

	if (size < sizeof(head))
		return -EPROTO;
	memcpy(&head, data, sizeof(head));
	if (!head_is_valid(&head, size, nfds))
		return -EPROTO;
	if (head.call == HCS_CALL_HELLO ? head.id_size != 0 : !id_is_valid(rest, head.id_size))
		return -EPROTO;
	if (memchr(rest + head.id_size, '\0', head.text_size))
		return -EPROTO;
	id = strndup(rest, head.id_size);
	text = strndup(rest + head.id_size, head.text_size);
	if (!id || !text)
		return -ENOMEM;
	in->head = head;
	in->id = take_ptr(&id);
	in->text = take_ptr(&text);
	return 0;
}

void hcs_incoming_clear(struct hcs_incoming *in)
{
	free(in->id);
	free(in->text);
	*in = (struct hcs_incoming){0};
}
