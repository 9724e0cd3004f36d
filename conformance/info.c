/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: info. */
#include "conformance/kit.h"

#include <string.h>

static struct exd_info info_of(struct kit *kit, const char *id)
{
	struct exd_info info = {.struct_size = sizeof(info)};

	kit_must(kit, exd_info(kit->engine, id, &info, &kit->err), "info");
	return info;
}

static struct kit_box waiting(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "box", "echo ready; read x; exit 0", KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	return box;
}

static void case_running(struct kit *kit)
{
	struct kit_box box = waiting(kit);

	kit_check(kit, info_of(kit, box.id).running, "running is false");
	kit_check(kit, !info_of(kit, box.id).paused, "paused is true");
	kit_let_end(kit, &box, 0);
}

static void case_ended(struct kit *kit)
{
	char id[KIT_ID];

	kit_stopped(kit, "ended", id);
	kit_check(kit, !info_of(kit, id).running, "running is true");
	kit_check(kit, !info_of(kit, id).paused, "paused is true");
	(void)exd_delete(kit->engine, id, true, NULL);
}

static void case_paused(struct kit *kit)
{
	struct kit_box box = waiting(kit);
	struct exd_info info;

	kit_must(kit, exd_pause(kit->engine, box.id, &kit->err), "pause");
	info = info_of(kit, box.id);
	kit_must(kit, exd_unpause(kit->engine, box.id, &kit->err), "unpause");
	kit_check(kit, info.paused && info.running, "of a paused one, paused is %d, running %d",
		  info.paused, info.running);
	kit_check(kit, !info_of(kit, box.id).paused, "after unpause, paused is true");
	kit_let_end(kit, &box, 0);
}

static void case_isolation(struct kit *kit)
{
	struct kit_box box = waiting(kit);

	kit_check(kit, info_of(kit, box.id).isolation[0], "isolation is empty");
	kit_let_end(kit, &box, 0);
}

static void case_driver(struct kit *kit)
{
	struct kit_box box = waiting(kit);
	struct exd_info info = info_of(kit, box.id);
	size_t size = strlen(kit->options->driver);

	kit_check(kit, strncmp(info.driver, kit->options->driver, size) == 0,
		  "driver is '%s'", info.driver);
	kit_let_end(kit, &box, 0);
}

static const struct kit_case cases[] = {
	{"info.running", "info-1", .needs = "run.once", .run = case_running},
	{"info.ended", "info-2", .needs = "run.once", .run = case_ended},
	{"info.paused", "info-3", EXD_CAP_PAUSE, "info.running", .run = case_paused},
	{"info.isolation", "info-4", .needs = "info.running", .run = case_isolation},
	{"info.driver", "info-5", .needs = "info.running", .run = case_driver},
};

KIT_GROUP(kit_info);
