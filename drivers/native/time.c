/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clocks of a time namespace of its own. */
#include "drivers/native/time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strutil.h"

#define SECOND_NS 1000000000

/* "-1.5" is a second and a half ago; to the kernel it is half a second after two seconds ago. */
static int add_offset(struct strbuf *text, const char *item)
{
	const char *value = strchr(item, '=') + 1, *dot = strchr(value, '.');
	bool negative = *value == '-';
	int64_t seconds = strtoll(value, NULL, 10);
	int64_t ns = 0;

	if (dot)
		for (int i = 1; i <= 9; i++)
			ns = ns * 10 + (*(dot + 1) ? *++dot - '0' : 0);
	if (negative && ns) {
		seconds--;
		ns = SECOND_NS - ns;
	}
	return sb_addf(text, "%.*s %" PRId64 " %" PRId64 "\n", (int)strcspn(item, "="), item,
		       seconds, ns);
}

int native_time_check(const struct exd_command *command, struct exd_error *err)
{
	int mode = native_ns_mode(command, NATIVE_NS_TIME, err);

	if (mode < 0 || mode == NATIVE_NS_OWN ||
	    exd_command_count(command, EXD_KEY_TIME_OFFSETS) == 0)
		return mode < 0 ? mode : 0;
	return exd_error_set(err, EXD_ERR_KEY, 0,
			     "time_offsets need a time namespace of its own "
			     "(time_namespace = private)");
}

int native_time_plan(const struct exd_command *command, struct exd_plan *plan, int proc_slot,
		     struct exd_error *err)
{
	size_t count = exd_command_count(command, EXD_KEY_TIME_OFFSETS);
	cleanup_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < count; i++)
		(void)add_offset(&text, exd_command_item(command, EXD_KEY_TIME_OFFSETS, i));
	if (text.error)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "time_offsets");
	exd_plan_blame(plan, EXD_ERR_NAMESPACE, 0);
	return exd_plan_time(plan, proc_slot, text.size ? text.text : NULL);
}
