/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of things that the key names: huge pages, RDMA devices, misc resources, files of v2. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strutil.h"
#include "drivers/native/cgroup_reading.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (MIB * KIB)
#define SIZE_NAME 16

static const char *item_of(const struct reading *reading, size_t i)
{
	return exd_command_item(reading->command, reading->rule->key, i);
}

static size_t item_count(const struct reading *reading)
{
	return exd_command_count(reading->command, reading->rule->key);
}

static int bad_item(const struct reading *reading, const char *item)
{
	return exd_error_set(reading->err, EXD_ERR_CGROUP, EINVAL, "%s '%s' cannot be set",
			     reading->rule->name, item);
}

/* "2m", "2MB" and "2048k" are what the kernel calls 2MB. */
static int page_size_name(const char *item, char name[SIZE_NAME])
{
	size_t n = strcspn(item, "=");
	char text[SIZE_NAME];
	int64_t size;

	if (n > 1 && strchr("bB", item[n - 1]) && strchr("kKmMgG", item[n - 2]))
		n--;
	if (n >= sizeof(text))
		return -EINVAL;
	memcpy(text, item, n);
	text[n] = '\0';
	if (parse_bytes(text, &size) < 0 || size < (int64_t)KIB)
		return -EINVAL;
	if ((uint64_t)size >= GIB)
		(void)snprintf(name, SIZE_NAME, "%" PRIu64 "GB", (uint64_t)size / GIB);
	else if ((uint64_t)size >= MIB)
		(void)snprintf(name, SIZE_NAME, "%" PRIu64 "MB", (uint64_t)size / MIB);
	else
		(void)snprintf(name, SIZE_NAME, "%" PRIu64 "KB", (uint64_t)size / KIB);
	return 0;
}

/* Pages are counted when they are faulted in; those only reserved have a counter of their own. */
static int add_hugetlb(struct reading *reading, const char *item)
{
	const char *value = item + strcspn(item, "=") + 1;
	const char *file = reading->version == 1 ? "limit_in_bytes" : "max";
	char size[SIZE_NAME], number[24];
	struct native_limit *limit;
	int64_t bytes;

	if (page_size_name(item, size) < 0)
		return bad_item(reading, item);
	if (strcmp(value, "max") == 0)
		(void)snprintf(number, sizeof(number), "%s", reading->version == 1 ? "-1" : "max");
	else if (parse_bytes(value, &bytes) == 0)
		(void)snprintf(number, sizeof(number), "%" PRId64, bytes);
	else
		return bad_item(reading, item);
	limit = limit_addf(reading, NULL, "%s", number);
	(void)snprintf(limit->name, sizeof(limit->name), "hugetlb.%s.%s", size, file);
	limit = limit_addf(reading, NULL, "%s", number);
	(void)snprintf(limit->name, sizeof(limit->name), "hugetlb.%s.rsvd.%s", size, file);
	limit->skip_missing = true; /* Linux 5.7 has it */
	return 0;
}

int limit_hugetlb(struct reading *reading)
{
	int r = 0;

	for (size_t i = 0; i < item_count(reading) && r == 0; i++)
		r = add_hugetlb(reading, item_of(reading, i));
	return r;
}

/* "DEVICE=hca_handle=2,hca_object=2000" is the line "DEVICE hca_handle=2 hca_object=2000". */
int limit_rdma(struct reading *reading)
{
	for (size_t i = 0; i < item_count(reading); i++) {
		const char *item = item_of(reading, i);
		struct native_limit *limit;

		if (strlen(item) >= NATIVE_LIMIT_TEXT)
			return bad_item(reading, item);
		limit = limit_addf(reading, "rdma.max", "%s", item);
		limit->unset = "hca_handle=max hca_object=max";
		*strchrnul(limit->number, '=') = ' ';
		for (char *at = limit->number; *at; at++)
			if (*at == ',')
				*at = ' ';
	}
	return 0;
}

int limit_misc(struct reading *reading)
{
	for (size_t i = 0; i < item_count(reading); i++) {
		const char *item = item_of(reading, i);
		struct native_limit *limit;

		if (strlen(item) >= NATIVE_LIMIT_TEXT)
			return bad_item(reading, item);
		limit = limit_addf(reading, "misc.max", "%s", item);
		limit->unset = "max";
		*strchrnul(limit->number, '=') = ' ';
	}
	return 0;
}

/* ---- files of cgroup v2 by their names ------------------------------------------------------- */

/* The controller whose file it is; those of cgroups themselves ("cgroup.procs") have none. */
static const char *controller_of(const char *file)
{
	static const char *const names[] = {"cpu", "cpuset", "dmem", "hugetlb", "io",
					    "memory", "misc", "pids", "rdma"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_has_prefix(file, names[i]) && file[strlen(names[i])] == '.')
			return names[i];
	return NULL;
}

/* What a line without a limit is, in the files that have one line for each device or resource. */
static const char *unset_of(const char *file)
{
	static const char *const lines[][2] = {
		{"io.max", "rbps=max wbps=max riops=max wiops=max"},
		{"io.latency", "target=0"},
		{"io.weight", "default"},
		{"io.bfq.weight", "default"},
		{"rdma.max", "hca_handle=max hca_object=max"},
		{"misc.max", "max"},
		{"dmem.max", "max"},
		{"dmem.min", "0"},
		{"dmem.low", "0"},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(file, lines[i][0]) == 0)
			return lines[i][1];
	return NULL;
}

static int add_conf(struct reading *reading, const char *item)
{
	const char *value = strchrnul(item, '=');
	const struct cgroup_hierarchy *h;
	char name[NATIVE_LIMIT_NAME];
	struct native_limit *limit;

	if (!*value || (size_t)(value - item) >= sizeof(name))
		return bad_item(reading, item);
	memcpy(name, item, (size_t)(value - item));
	name[value - item] = '\0';
	reading->controller = controller_of(name);
	if (!reading->controller || strchr(name, '/'))
		return exd_error_set(reading->err, EXD_ERR_CGROUP, 0,
				     "%s '%s': only files of controllers can be set, such as "
				     "memory.high",
				     reading->rule->name, item);
	h = cgroup_layout_find(reading->layout, reading->controller);
	if (!h || h->readonly || h->version != 2) {
		limit_refuse(reading->out, reading->rule->name, reading->controller,
			     h && h->version != 2 ? "it is one of cgroup v1 here, and the key names "
						    "files of cgroup v2"
			     : h                  ? "cgroup v2 is mounted read-only: remount it read-write"
						  : NULL);
		return 0;
	}
	limit = limit_add(reading, NULL);
	limit->text = value + 1;
	limit->unset = strchr(limit->text, ' ') ? unset_of(name) : NULL;
	memcpy(limit->name, name, sizeof(name));
	return 0;
}

int limit_conf(struct reading *reading)
{
	int r = 0;

	for (size_t i = 0; i < item_count(reading) && r == 0; i++)
		r = add_conf(reading, item_of(reading, i));
	return r;
}
