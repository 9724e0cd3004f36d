/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host that lead into a container: what the service takes of them. */
#ifndef EXECDRIVER_HCS_STUB_NAT_H
#define EXECDRIVER_HCS_STUB_NAT_H

#include "drivers/hcs-stub/stub.h"

/* Refuses with the words of the original, port by port. */
int nat_check(const struct exd_command *command, struct exd_error *err);
/* Adds a binding for each port of a command that was checked; -ENOMEM. */
int nat_put(const struct exd_command *command, struct json_object *bindings);

#endif
