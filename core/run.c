/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Run and exec, blocking and evented. */
#include <errno.h>

#include "base/cleanup.h"
#include "core/engine.h"
#include "core/launch.h"
#include "core/process.h"
#include "core/sized.h"

static int check_hooks(const struct launch *l, struct exd_error *err)
{
	struct exd_hooks hooks;
	int r = sized_check(l->hooks, "exd_hooks", err);

	if (r < 0 || !l->hooks)
		return r;
	sized_take(&hooks, l->hooks, sizeof(hooks));
	if (l->id && hooks.pre_start)
		return exd_error_set(err, EXD_ERR_UNSUPPORTED, EOPNOTSUPP,
				     "an exec has no pre_start hook");
	return 0;
}

static int launch_checked(struct launch *l, const struct exd_stdio *stdio, struct exd_error *err)
{
	int r = check_hooks(l, err);

	if (r == 0)
		r = launch_take_stdio(l, stdio, err);
	return r < 0 ? r : launch(l, err);
}

/* On this thread until it is over. */
static int run_blocking(struct launch *l, const struct exd_stdio *stdio,
			struct exd_exit_status *status, struct exd_error *err)
{
	int r = sized_check(status, "exd_exit_status", err);

	if (r == 0)
		r = launch_checked(l, stdio, err);
	if (r < 0)
		return r;
	/* Known to the engine, but nothing for dispatch to do. */
	(void)watch_add(l->engine, &l->process->watch, FD_NONE);
	(void)process_finish(l->process, -1);
	r = process_result(l->process, status, err);
	watch_remove(l->engine, &l->process->watch);
	process_release(l->process);
	watch_unref(l->engine, &l->process->watch);
	return r;
}

/* The caller's reference is the handle; the engine's list has the other one. */
static int start_evented(struct launch *l, const struct exd_stdio *stdio, struct exd_process **out,
			 struct exd_error *err)
{
	int r = launch_checked(l, stdio, err);

	if (r < 0)
		return r;
	process_expect_start(l->process);
	r = watch_add(l->engine, &l->process->watch, process_source_fd(l->process));
	if (r < 0) {
		r = exd_error_set(err, EXD_ERR_SYSTEM, -r, "cannot watch the start of '%s'",
				  l->process->id);
		process_release(l->process);
		watch_unref(l->engine, &l->process->watch);
		return r;
	}
	*out = l->process;
	process_release(l->process);
	return 0;
}

int exd_run(struct exd_engine *engine, const struct exd_command *command,
	    const struct exd_stdio *stdio, const struct exd_hooks *hooks,
	    struct exd_exit_status *status, struct exd_error *err)
{
	struct launch l = {
		.engine = engine,
		.command = command,
		.hooks = hooks,
		.flags = EXD_START_TIED | EXD_START_EPHEMERAL,
		.want_oom = hooks != NULL,
	};

	return run_blocking(&l, stdio, status, err);
}

int exd_exec(struct exd_engine *engine, const char *id, const struct exd_command *command,
	     const struct exd_stdio *stdio, const struct exd_hooks *hooks,
	     struct exd_exit_status *status, struct exd_error *err)
{
	struct launch l = {
		.engine = engine,
		.id = id,
		.command = command,
		.hooks = hooks,
		.flags = EXD_START_TIED,
		.want_oom = hooks != NULL,
	};

	return run_blocking(&l, stdio, status, err);
}

int exd_start(struct exd_engine *engine, const struct exd_command *command,
	      const struct exd_stdio *stdio, const struct exd_hooks *hooks, uint32_t flags,
	      struct exd_process **out, struct exd_error *err)
{
	struct launch l = {.engine = engine,
			   .command = command,
			   .hooks = hooks,
			   .flags = flags,
			   .want_oom = true};

	if (flags & ~(uint32_t)(EXD_START_TIED | EXD_START_EPHEMERAL))
		return exd_error_set(err, EXD_ERR_INVALID, EINVAL, "unknown start flags 0x%x",
				     flags);
	return start_evented(&l, stdio, out, err);
}

int exd_exec_start(struct exd_engine *engine, const char *id, const struct exd_command *command,
		   const struct exd_stdio *stdio, const struct exd_hooks *hooks, uint32_t flags,
		   struct exd_process **out, struct exd_error *err)
{
	struct launch l = {.engine = engine,
			   .id = id,
			   .command = command,
			   .hooks = hooks,
			   .flags = flags,
			   .want_oom = true};

	if (flags & ~(uint32_t)EXD_START_TIED)
		return exd_error_set(err, EXD_ERR_INVALID, EINVAL,
				     "start flags 0x%x: an exec knows only EXD_START_TIED", flags);
	return start_evented(&l, stdio, out, err);
}
