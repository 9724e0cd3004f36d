/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights and rates of input and output: v1's blkio and v2's io controller. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/strutil.h"
#include "drivers/native/cgroup_reading.h"

#define WEIGHT_V1 "blkio.bfq.weight"
#define WEIGHT_DEVICE_V1 "blkio.bfq.weight_device"

static int no_disk(const struct reading *reading, const char *path, int error)
{
	if (!exd_command_bool(reading->command, EXD_KEY_BEST_EFFORT))
		return exd_error_set(reading->err, EXD_ERR_CGROUP, error,
				     "%s: '%s' is no block device of this host: name a whole disk",
				     reading->rule->name, path);
	limit_refuse(reading->out, reading->rule->name, reading->controller,
		     "this host has no such block device");
	return 0;
}

/* 1, the numbers of the device of a "PATH:VALUE", and what follows; 0: it is refused. */
static int read_device(const struct reading *reading, const char *item, dev_t *device,
		       const char **value)
{
	const char *colon = strrchr(item, ':');
	char path[PATH_MAX];
	struct stat st;

	if (!colon || (size_t)(colon - item) >= sizeof(path))
		return exd_error_set(reading->err, EXD_ERR_KEY, 0, "%s '%s' is not PATH:VALUE",
				     reading->rule->name, item);
	memcpy(path, item, (size_t)(colon - item));
	path[colon - item] = '\0';
	if (stat(path, &st) < 0)
		return no_disk(reading, path, errno);
	if (!S_ISBLK(st.st_mode))
		return no_disk(reading, path, ENOTBLK);
	*device = st.st_rdev;
	*value = colon + 1;
	return 1;
}

/*
 * A weight is a share against others with 100 as the default, in both versions and of both
 * schedulers, so the number stays as it is. Which of v2's two files is there, and which counts,
 * depends on the schedulers; the one of v1 is BFQ's since Linux 5.0.
 */
int limit_io_weight(struct reading *reading)
{
	int64_t weight = exd_command_number(reading->command, reading->rule->key, 0);

	if (reading->version == 1) {
		(void)limit_addf(reading, WEIGHT_V1, "%" PRId64, weight);
		return 0;
	}
	(void)limit_addf(reading, "io.weight", "%" PRId64, weight);
	(void)limit_addf(reading, "io.bfq.weight", "%" PRId64, weight);
	return 0;
}

int limit_io_weight_devices(struct reading *reading)
{
	size_t count = exd_command_count(reading->command, reading->rule->key);

	for (size_t i = 0; i < count; i++) {
		const char *weight;
		dev_t device;
		int r = read_device(reading,
				    exd_command_item(reading->command, reading->rule->key, i),
				    &device, &weight);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (reading->version == 1) {
			limit_addf(reading, WEIGHT_DEVICE_V1, "%u:%u %s", major(device),
				   minor(device), weight)
				->unset = "0";
			continue;
		}
		limit_addf(reading, "io.weight", "%u:%u %s", major(device), minor(device), weight)
			->unset = "default";
		limit_addf(reading, "io.bfq.weight", "%u:%u %s", major(device), minor(device),
			   weight)
			->unset = "default";
	}
	return 0;
}

struct rate {
	enum exd_key key;
	const char *v1_file;
	const char *v2_name;
	const char *v2_unset;
	bool bytes;
};

static const struct rate *find_rate(enum exd_key key)
{
	static const struct rate rates[] = {
		{EXD_KEY_DEVICE_READ_BPS, "blkio.throttle.read_bps_device", "rbps", "rbps=max",
		 true},
		{EXD_KEY_DEVICE_WRITE_BPS, "blkio.throttle.write_bps_device", "wbps", "wbps=max",
		 true},
		{EXD_KEY_DEVICE_READ_IOPS, "blkio.throttle.read_iops_device", "riops", "riops=max",
		 false},
		{EXD_KEY_DEVICE_WRITE_IOPS, "blkio.throttle.write_iops_device", "wiops",
		 "wiops=max", false},
	};
	const struct rate *rate = rates;

	while (rate->key != key)
		rate++;
	return rate;
}

/* 0 is "no limit" to v1. */
static int read_rate(const struct reading *reading, const struct rate *rate, const char *text,
		     int64_t *out)
{
	int r = 0;

	if (strcmp(text, "max") == 0)
		*out = 0;
	else
		r = rate->bytes ? parse_bytes(text, out) : parse_int64(text, out);
	return r < 0 ? exd_error_set(reading->err, EXD_ERR_KEY, 0, "%s: '%s' is no rate",
				     reading->rule->name, text)
		     : 0;
}

static int add_rate(struct reading *reading, const struct rate *rate, const char *item)
{
	const char *text;
	int64_t number;
	dev_t device;
	int r = read_device(reading, item, &device, &text);

	if (r <= 0)
		return r;
	r = read_rate(reading, rate, text, &number);
	if (r < 0)
		return r;
	if (reading->version == 1)
		limit_addf(reading, rate->v1_file, "%u:%u %" PRId64, major(device), minor(device),
			   number)
			->unset = "0";
	else if (!number)
		limit_addf(reading, "io.max", "%u:%u %s", major(device), minor(device),
			   rate->v2_unset)
			->unset = rate->v2_unset;
	else
		limit_addf(reading, "io.max", "%u:%u %s=%" PRId64, major(device), minor(device),
			   rate->v2_name, number)
			->unset = rate->v2_unset;
	return 0;
}

int limit_io_rates(struct reading *reading)
{
	const struct rate *rate = find_rate(reading->rule->key);
	size_t count = exd_command_count(reading->command, reading->rule->key);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = add_rate(reading, rate,
			     exd_command_item(reading->command, reading->rule->key, i));
	return r;
}

/* ---- which schedulers there are -------------------------------------------------------------- */

static bool has_file(int dir, const char *file)
{
	return faccessat(dir, file, F_OK, 0) == 0;
}

/* Whether this file of weights is here; true when that cannot be told. */
static bool may_have(const char *file, int version, int dir)
{
	if (version == 1)
		return has_file(dir, "blkio.bfq.io_service_bytes");
	return dir < 0 || !has_file(dir, "io.stat") || has_file(dir, file);
}

static bool is_weight(const struct native_limit *limit)
{
	const char *file = native_limit_file(limit);

	return strcmp(limit->key, "cgroup_conf") != 0 &&
	       str_in(file, (const char *const[]){WEIGHT_V1, WEIGHT_DEVICE_V1, "io.weight",
						  "io.bfq.weight", NULL});
}

void native_limits_check_weight(struct native_limits *limits, int version, int dir)
{
	bool other = version == 2 && may_have("io.weight", version, dir);
	size_t kept = 0;

	for (size_t i = 0; i < limits->count; i++) {
		struct native_limit *limit = &limits->list[i];
		bool bfq = is_weight(limit) && strstr(native_limit_file(limit), "bfq");

		if (!is_weight(limit) || may_have(native_limit_file(limit), version, dir)) {
			/* Who has either has the weight. */
			limit->skip_missing |= bfq && other;
			limits->list[kept++] = *limit;
		} else if (bfq && !other) {
			limit_refuse(limits, limit->key, version == 1 ? "blkio" : "io",
				     "no scheduler of this kernel has weights: modprobe bfq");
		}
	}
	limits->count = kept;
}
