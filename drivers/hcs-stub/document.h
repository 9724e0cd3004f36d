/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command -> what the service calls containerInit. */
#ifndef EXECDRIVER_HCS_STUB_DOCUMENT_H
#define EXECDRIVER_HCS_STUB_DOCUMENT_H

#include "drivers/hcs-stub/stub.h"

/* Whether it becomes a Hyper-V partition: the command's own word, or the driver's option. */
bool stub_is_hyperv(const struct stub *stub, const struct exd_command *command);

/* A new document. The command has passed stub_check_run(). */
int stub_document(const struct stub *stub, const struct exd_command *command,
		  struct json_object **out, struct exd_error *err);

#endif
