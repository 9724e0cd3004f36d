/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver of a Host Compute Service that is emulated on this host: its entry, and what this
 * host has of it.
 */
#include "drivers/hcs-stub/stub.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <execdriver/version.h>

#define REFUSED_CAPS (EXD_CAP_PAUSE | EXD_CAP_STATS | EXD_CAP_UPDATE)

static void stub_close(void *self)
{
	if (self)
		stub_options_release(self);
	free(self);
}

static int stub_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	struct stub *stub = calloc(1, sizeof(*stub));
	int r;

	if (!stub)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read its options");
	r = stub_options_read(stub, options, err);
	if (r < 0)
		stub_close(stub);
	else
		*self = stub;
	return r;
}

static void report(struct exd_report *to, bool yes, const char *topic, const char *text)
{
	if (to)
		(void)exd_report_add(to, yes ? EXD_REPORT_YES : EXD_REPORT_NO, topic,
				     yes ? "" : "install the program, or name it in the options",
				     "%s", text);
}

static int probe_program(const char *topic, const char *path, struct exd_report *to,
			 struct exd_error *err)
{
	bool there = access(path, X_OK) == 0;
	int why = errno;

	report(to, there, topic, path);
	if (there)
		return 0;
	return exd_error_set(err, EXD_ERR_HOST, why,
			     "its program '%s' cannot be run: install it, or name it by the "
			     "option %s",
			     path, topic);
}

static int stub_probe(void *self, struct exd_report *to, uint64_t *caps, struct exd_error *err)
{
	const struct stub *stub = self;
	int r, other;

	*caps &= ~(uint64_t)REFUSED_CAPS;
	if (to)
		(void)exd_report_add(to, EXD_REPORT_INFO, "service", "",
				     "emulated Host Compute Service, schema %s: processes of this "
				     "host, no isolation but a root of their own",
				     stub_schema_name(stub));
	r = probe_program("worker", stub->worker, to, err);
	other = probe_program("emulator", stub->emulator, to, r < 0 ? NULL : err);
	return r < 0 ? r : other;
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
	.struct_size = sizeof(struct exd_driver),
	.abi = EXD_DRIVER_ABI,
	.name = "hcs-stub",
	.version = EXD_VERSION_STRING,
	.summary = "containers of Windows, on an emulated Host Compute Service",
	.caps = EXD_CAP_EXEC | EXD_CAP_PIDS | EXD_CAP_EXPLAIN | REFUSED_CAPS,
	.open = stub_open,
	.close = stub_close,
	.probe = stub_probe,
	.run = stub_run,
	.terminate = stub_terminate,
	.clean = stub_clean,
	.info = stub_info,
	.exec = stub_exec,
	.kill = stub_kill,
	.pause = stub_pause,
	.unpause = stub_pause,
	.pids = stub_pids,
	.stats = stub_stats,
	.update = stub_update,
	.explain = stub_explain,
};
