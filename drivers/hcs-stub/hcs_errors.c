/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the codes of the service mean. */
#include "drivers/hcs-stub/hcs.h"

#include <stddef.h>

static const struct {
	uint32_t code;
	const char *text;
} texts[] = {
	{HCS_OK, "The operation completed successfully."},
	{HCS_E_PENDING, "The operation has not finished yet."},
	{HCS_E_INVALID_STATE, "The compute system is in no state for this operation."},
	{HCS_E_UNEXPECTED_EXIT, "The compute system ended unexpectedly."},
	{HCS_E_INVALID_JSON, "The JSON document is not valid."},
	{HCS_E_NO_SUCH_SYSTEM, "There is no compute system of this id."},
	{HCS_E_SYSTEM_EXISTS, "There is a compute system of this id already."},
	{HCS_E_ALREADY_STOPPED, "The compute system has stopped already."},
	{HCS_E_SHUTTING_DOWN, "A shutdown is in progress."},
	{HCS_E_FILE_NOT_FOUND, "The file was not found."},
	{HCS_E_PATH_NOT_FOUND, "The path was not found."},
	{HCS_E_ACCESS_DENIED, "Access is denied."},
	{HCS_E_INVALID_ARGUMENT, "An argument of the call is wrong."},
	{HCS_E_BROKEN_PIPE, "The pipe has been ended."},
	{HCS_E_INVALID_HANDLE, "A std handle is of no use for its stream."},
	{HCS_E_BAD_PATH, "The path is not valid."},
	{HCS_E_BAD_PROGRAM, "The file is not a program of this machine."},
	{HCS_E_TOO_LONG, "The document or the command line is too long."},
	{HCS_E_BAD_DIRECTORY, "The directory name is not valid."},
	{HCS_E_NOT_FOUND, "The element was not found."},
	{HCS_E_NO_NETWORK, "There is no network, or it has not started."},
	{HCS_E_INVALID_OBJECT, "The object is not valid."},
	{HCS_E_INVALID_CLASS, "The class string is not valid."},
	{HCS_E_EXEC_LIMIT, "An argument of a socket call is wrong."},
	{HCS_E_OUT_OF_MEMORY, "There is not enough memory."},
	{HCS_E_TIMEOUT, "The wait timed out."},
	{HCS_E_CANCELLED, "The operation was cancelled."},
	{HCS_E_SERVICE_GONE, "The service is not available."},
};

const char *hcs_error_text(uint32_t code)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].code == code)
			return texts[i].text;
	return "An unknown error.";
}
