/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl conformance: does a driver keep its contract? */
#include <stdio.h>

#include <execdriver/conformance.h>

#include "base/strutil.h"
#include "driverctl/ctl.h"
#include "driverctl/print.h"

#define TIME_MAX 86400

static void print_line(void *arg, const char *text)
{
	(void)arg;
	(void)puts(text);
	(void)fflush(stdout);
}

static int print_cases(struct exd_error *err)
{
	struct exd_conformance_case one = {.struct_size = sizeof(one)};

	for (size_t i = 0; exd_conformance_case(i, &one); i++)
		(void)printf("%s [%s]%s%s\n", one.name, one.ids, one.needs[0] ? " needs " : "",
			     one.needs);
	return print_flush(err);
}

static int take_time(const char *text, uint32_t *ms, struct exd_error *err)
{
	uint64_t seconds = 0;

	if (text && (parse_uint64(text, &seconds) < 0 || seconds == 0 || seconds > TIME_MAX))
		return exd_error_set(err, EXD_ERR_INVALID, 0,
				     "--time '%.64s' is not a number of seconds", text);
	*ms = (uint32_t)seconds * 1000;
	return 0;
}

int verb_conformance(struct ctl *ctl, struct exd_error *err)
{
	const struct settings *settings = &ctl->args.settings;
	struct exd_conformance_result result = {.struct_size = sizeof(result)};
	struct exd_conformance_options options = {
		.struct_size = sizeof(options),
		.config = ctl->globals.settings.config,
		.rootfs = settings->tree,
		.only = settings->only,
		.line = print_line,
	};
	int r = take_time(settings->time, &options.timeout_ms, err);

	if (r < 0)
		return r;
	if (settings->list)
		return print_cases(err);
	if (!ctl->args.operand_count)
		return exd_error_set(err, EXD_ERR_INVALID, 0,
				     "which driver? driverctl conformance %s", ctl->verb->usage);
	options.driver = ctl->args.operands[0];
	r = exd_conformance_run(&options, &result, err);
	if (r < 0)
		return r;
	r = print_flush(err);
	return r < 0 ? r : result.failed > 0;
}
