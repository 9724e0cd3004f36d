/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: terminals. A driver without them refuses the key by name, and that will do. */
#include "conformance/kit.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* Whether it started; else it was refused as it should be. */
static bool start(struct kit *kit, const char *script, struct exd_process **process)
{
	struct exd_command *command = kit_command(kit, "tty", script);
	int r;

	kit_set(kit, command, "tty", "yes");
	kit_set(kit, command, "tty_size", "30x90");
	r = exd_start(kit->engine, command, NULL, NULL, KIT_ONCE, process, &kit->err);
	exd_command_free(command);
	if (r < 0) {
		kit_check(kit, kit_unsupported(kit, r, "tty") || kit_unsupported(kit, r, "terminal"),
			  "a tty is refused, but not by name as unsupported: %s (%s)",
			  kit->err.text, exd_error_name(kit->err.code));
		return false;
	}
	kit_until(kit, *process, EXD_PHASE_RUNNING);
	kit_check(kit, exd_process_tty(*process) >= 0, "there is no tty, and no refusal");
	return true;
}

static void says(struct kit *kit, const struct exd_process *process, const char *text)
{
	struct pollfd p = {.fd = exd_process_tty(process), .events = POLLIN};
	int64_t deadline = clock_ms() + KIT_SOON_MS;
	char seen[2048] = "";
	size_t used = 0;
	ssize_t n;

	while (used + 1 < sizeof(seen) && poll(&p, 1, clock_left_ms(deadline)) > 0) {
		n = read(p.fd, seen + used, sizeof(seen) - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		seen[used] = '\0';
		if (strstr(seen, text))
			return;
	}
	kit_fail(kit, "the terminal shows '%s' where '%s' was awaited", seen, text);
}

static void ends(struct kit *kit, struct exd_process *process, uint32_t code)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};

	kit_must(kit, exd_process_wait(process, KIT_SOON_MS, &status, &kit->err), "waiting");
	kit_check(kit, status.exit_code == code, "it exited with code %u instead of %u",
		  status.exit_code, code);
}

static void type(struct kit *kit, const struct exd_process *process, const char *keys)
{
	kit_check(kit,
		  write(exd_process_tty(process), keys, strlen(keys)) == (ssize_t)strlen(keys),
		  "cannot write to the terminal");
}

static void case_terminal(struct kit *kit)
{
	struct exd_process *process;

	if (start(kit, "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && exit 3; exit 4", &process))
		ends(kit, process, 3);
}

static void case_size(struct kit *kit)
{
	struct exd_process *process;

	if (!start(kit, "stty size; read x; exit 5", &process))
		return;
	says(kit, process, "30 90");
	type(kit, process, "\n");
	ends(kit, process, 5);
}

static void case_resize(struct kit *kit)
{
	struct exd_process *process;

	if (!start(kit, "echo ready; read x; stty size; read x; exit 6", &process))
		return;
	says(kit, process, "ready");
	kit_must(kit, exd_process_resize(process, 40, 100, &kit->err), "resize");
	type(kit, process, "\n");
	says(kit, process, "40 100");
	type(kit, process, "\n");
	ends(kit, process, 6);
}

static void case_control(struct kit *kit)
{
	struct exd_process *process;

	if (!start(kit, "trap 'exit 7' INT; echo ready; while :; do read x; done", &process))
		return;
	says(kit, process, "ready");
	type(kit, process, "\003");
	ends(kit, process, 7);
}

static const struct kit_case cases[] = {
	{"tty.terminal", "tty-1", .needs = "run.code", .run = case_terminal},
	{"tty.size", "tty-2", .needs = "tty.terminal", .run = case_size},
	{"tty.resize", "tty-3", .needs = "tty.size", .run = case_resize},
	{"tty.control", "tty-4", .needs = "tty.terminal", .run = case_control},
};

KIT_GROUP(kit_tty);
