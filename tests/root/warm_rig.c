/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration with warm starts, and what can be seen of boxes: their cgroups, and records. */
#include "tests/root/warm_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 8192

static char conf[64];

static void read_text(const char *path, char *text)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, TEXT_MAX - 1, f) : 0;

	text[n] = '\0';
	if (!f || fclose(f) != 0 || n == 0) {
		fprintf(stderr, "# %s: %s\n", path, strerror(errno));
		exit(99);
	}
}

static void write_text(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", conf, name);
	f = fopen(path, "wxe");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
		fprintf(stderr, "# %s: %s\n", path, strerror(errno));
		exit(99);
	}
}

/* Puts `by` in the place of the first `old`, if there is one. */
static void replace(char *text, const char *old, const char *by)
{
	char *at = strstr(text, old), rest[TEXT_MAX];

	if (!at)
		return;
	strcpy(rest, at + strlen(old));
	(void)snprintf(at, TEXT_MAX - (size_t)(at - text), "%s%s", by, rest);
}

static void copy_driver(const char *dir)
{
	char path[512], text[TEXT_MAX], option[32];

	(void)snprintf(path, sizeof(path), "%s/plugins.d/10-native.conf", dir);
	read_text(path, text);
	/* What in_own_cgroups.sh may have put there. */
	replace(text, "warm = ", "# warm = ");
	replace(text, "# warm = 1; ", "");
	replace(text, "# warm = 2; ", "");
	(void)snprintf(option, sizeof(option), "options: { warm = %d; ", WARM_BOXES);
	replace(text, "options: { ", option);
	write_text("plugins.d/10-native.conf", text);
}

void warm_config(void)
{
	const char *from = getenv("EXD_CONFIG");
	char dir[256], path[128], text[TEXT_MAX];

	if (!from || !strrchr(from, '/')) {
		fputs("# EXD_CONFIG is set by make check\n", stderr);
		exit(99);
	}
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(from, '/') - from), from);
	strcpy(conf, "/tmp/exd-warm-XXXXXX");
	if (!mkdtemp(conf))
		exit(99);
	(void)chmod(conf, 0755);
	(void)snprintf(path, sizeof(path), "%s/plugins.d", conf);
	(void)mkdir(path, 0755);
	read_text(from, text);
	replace(text, "execdriver-monitor-warm\"", "execdriver-monitor\"");
	write_text("execdriver.conf", text);
	copy_driver(dir);
	(void)snprintf(path, sizeof(path), "%s/execdriver.conf", conf);
	(void)setenv("EXD_CONFIG", path, 1);
}

void warm_config_ask(const char *number)
{
	char path[128], text[TEXT_MAX], old[32], asked[64];

	(void)snprintf(path, sizeof(path), "%s/plugins.d/10-native.conf", conf);
	(void)snprintf(old, sizeof(old), "warm = %d;", WARM_BOXES);
	(void)snprintf(asked, sizeof(asked), "warm = %s;", number);
	read_text(path, text);
	replace(text, old, asked);
	ck_assert_int_eq(remove(path), 0);
	write_text("plugins.d/10-native.conf", text);
}

void warm_config_remove(void)
{
	static const char *const names[] = {"plugins.d/10-native.conf", "execdriver.conf", "plugins.d", ""};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", conf, names[i]);
		(void)remove(path);
	}
}

struct exd_process *warm_start(struct exd_engine *engine, struct exd_command *command)
{
	struct exd_process *process = tiny_start(engine, command, NULL, 0);

	lib_until(engine, process, EXD_PHASE_RUNNING);
	return process;
}

struct exd_process *warm_rest(struct exd_engine *engine, const char *id)
{
	return warm_start(engine, tiny_command(id, "rest", NULL));
}

bool warm_box(struct exd_engine *engine, const char *id, char *name, size_t size)
{
	struct exd_box *box = NULL;
	const char *at;

	must(exd_box_find(engine, id, &box, &lib_err));
	at = strstr(exd_box_json(box), "\"warm\":");
	at = at ? strstr(at, "\"warm-") : NULL;
	if (at)
		(void)snprintf(name, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
	exd_box_free(box);
	return at;
}

bool warm_is(struct exd_engine *engine, const char *id)
{
	char name[64];

	return warm_box(engine, id, name, sizeof(name));
}

int warm_hierarchies(struct exd_engine *engine, const char *id)
{
	struct exd_box *box = NULL;
	int count = 0;

	must(exd_box_find(engine, id, &box, &lib_err));
	for (const char *at = exd_box_json(box); (at = strstr(at, "\"mount\":")); at++)
		count++;
	exd_box_free(box);
	ck_assert_int_gt(count, 0);
	return count;
}

void warm_until(int cgroups)
{
	int now = tiny_cgroups(false);

	for (int i = 0; i < 4000 && now != cgroups; i++) {
		tiny_nap();
		now = tiny_cgroups(false);
	}
	ck_assert_int_eq(now, cgroups);
}

void warm_end(struct exd_engine *engine, const char *id, struct exd_process *process)
{
	must(exd_delete(engine, id, true, &lib_err));
	exd_process_free(process);
}
