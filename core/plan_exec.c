/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last child step: where the program may be, its arguments and environment. */
#include "core/plan.h"

#include <limits.h>
#include <string.h>

#include "base/strutil.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *search_path(const char *const *envp)
{
	const char *found = default_path;

	/* A later assignment replaces an earlier one. */
	for (; envp && *envp; envp++)
		if (str_has_prefix(*envp, "PATH="))
			found = *envp + strlen("PATH=");
	return found;
}

/* "DIR/NAME\0" for each directory of the path; an empty one means the working directory. */
static void add_candidates(struct strbuf *list, const char *path, const char *name)
{
	size_t name_size = strlen(name) + 1;

	for (;;) {
		size_t size = strcspn(path, ":");

		if (size + 1 + name_size <= PATH_MAX) {
			sb_add_bytes(list, size > 0 ? path : ".", size > 0 ? size : 1);
			sb_add_bytes(list, "/", 1);
			sb_add_bytes(list, name, name_size);
		}
		if (path[size] == '\0')
			return;
		path += size + 1;
	}
}

static uint64_t add_vector(struct strbuf *list, const char *const *texts)
{
	uint64_t count = 0;

	for (; texts && texts[count] && list->size <= WIRE_PLAN_MAX; count++)
		sb_add_bytes(list, texts[count], strlen(texts[count]) + 1);
	return count;
}

static int check_size(struct exd_plan *plan, size_t more)
{
	size_t size = sizeof(struct wire_plan) + (plan->step_count + 1) * sizeof(struct wire_step) +
		      plan->data_size + more;

	if (size <= WIRE_PLAN_MAX)
		return 0;
	return plan_fail(plan, EXD_ERR_EXEC, E2BIG,
			 "arguments and environment are larger than %u bytes", WIRE_PLAN_MAX);
}

int exd_plan_exec(struct exd_plan *plan, const char *const *argv, const char *const *envp)
{
	cleanup_strbuf struct strbuf candidates = {0}, args = {0}, env = {0};
	struct wire_step *step;
	uint64_t argc, envc;
	bool given;

	if (plan->result < 0)
		return plan->result;
	if (!argv || !argv[0])
		return plan_fail(plan, EXD_ERR_INVALID, 0, "there is no program to run");
	if (!argv[0][0])
		return plan_fail(plan, EXD_ERR_EXEC_NOT_FOUND, ENOENT,
				 "the program's name is empty");
	given = strchr(argv[0], '/') != NULL;
	if (given)
		sb_add_bytes(&candidates, argv[0], strlen(argv[0]) + 1);
	else
		add_candidates(&candidates, search_path(envp), argv[0]);
	argc = add_vector(&args, argv);
	envc = add_vector(&env, envp);
	if (candidates.error || args.error || env.error)
		return plan_fail(plan, EXD_ERR_NO_MEMORY, ENOMEM, "cannot build the plan");
	if (candidates.size == 0)
		return plan_fail(plan, EXD_ERR_EXEC_NOT_FOUND, ENAMETOOLONG,
				 "the program's name is too long");
	if (check_size(plan, candidates.size + args.size + env.size) < 0)
		return plan->result;
	step = step_add(plan, EXD_CHILD, WIRE_EXEC);
	step->code = EXD_ERR_EXEC;
	step->flags = 0;
	step_array(plan, step, 0, candidates.text, candidates.size);
	step_array(plan, step, 1, args.text, args.size);
	step_array(plan, step, 2, env.text, env.size);
	step->num[0] = argc;
	step->num[1] = envc;
	step->num[2] = given;
	plan->complete = plan->result == 0;
	return plan->result;
}
