/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a command the service has no word for, in the order and the words of the original. */
#include <inttypes.h>
#include <string.h>

#include "base/strutil.h"
#include "drivers/hcs-stub/nat.h"
#include "drivers/hcs-stub/stub.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Which versions of the document have a place for a key; 0: all of them. */
static const struct {
	enum exd_key key;
	enum stub_schema since;
} expressible[] = {
	{EXD_KEY_ID, 0},
	{EXD_KEY_ARGS, 0},
	{EXD_KEY_ENV, 0},
	{EXD_KEY_CWD, 0},
	{EXD_KEY_TTY, 0},
	{EXD_KEY_TTY_SIZE, 0},
	{EXD_KEY_HOSTNAME, STUB_SCHEMA_1_9},
	{EXD_KEY_ROOTFS, 0},
	{EXD_KEY_MOUNTS, STUB_SCHEMA_1_10},
	{EXD_KEY_NETWORK, 0},
	{EXD_KEY_CPU_SHARES, STUB_SCHEMA_1_9},
	{EXD_KEY_BEST_EFFORT, 0},
	{EXD_KEY_ANNOTATIONS, 0},
	{EXD_KEY_HCS_LAYERS, 0},
	{EXD_KEY_HCS_LAYER_FOLDER, 0},
	{EXD_KEY_HCS_FIRST_START, 0},
	{EXD_KEY_HCS_ISOLATION, STUB_SCHEMA_1_10},
	{EXD_KEY_HCS_ARGS_ESCAPED, STUB_SCHEMA_1_10},
	{EXD_KEY_HCS_NETWORK, 0},
	{EXD_KEY_HCS_MAC, 0},
	{EXD_KEY_HCS_PORTS, 0},
};

/* What best_effort may leave out. */
static const enum exd_key limits[] = {
	EXD_KEY_MEMORY,
	EXD_KEY_MEMORY_SWAP,
	EXD_KEY_MEMORY_RESERVATION,
	EXD_KEY_MEMORY_SWAPPINESS,
	EXD_KEY_OOM_KILL_DISABLE,
	EXD_KEY_CPU_PERIOD,
	EXD_KEY_CPU_QUOTA,
	EXD_KEY_CPUS,
	EXD_KEY_CPUSET_CPUS,
	EXD_KEY_CPUSET_MEMS,
	EXD_KEY_PIDS_LIMIT,
	EXD_KEY_BLKIO_WEIGHT,
	EXD_KEY_BLKIO_WEIGHT_DEVICES,
	EXD_KEY_DEVICE_READ_BPS,
	EXD_KEY_DEVICE_WRITE_BPS,
	EXD_KEY_DEVICE_READ_IOPS,
	EXD_KEY_DEVICE_WRITE_IOPS,
	EXD_KEY_HUGETLB_LIMITS,
	EXD_KEY_RDMA_LIMITS,
	EXD_KEY_MISC_LIMITS,
	EXD_KEY_CGROUP_CONF,
};

static const struct {
	enum exd_key key;
	const char *text;
} refused_by_name[] = {
	{EXD_KEY_ROOTFS_READONLY, "Windows does not support the read-only root filesystem option"},
	{EXD_KEY_USER, "Windows does not support the username option"},
	{EXD_KEY_RLIMITS, "Windows does not support ulimit options"},
};

/* Set, and asking for something. */
static bool asked(const struct exd_command *command, const struct exd_command_key *key)
{
	enum exd_key k = (enum exd_key)key->key;

	if (!exd_command_is_set(command, k))
		return false;
	if (key->type == EXD_TYPE_BOOL)
		return exd_command_bool(command, k);
	if (key->type == EXD_TYPE_NAMESPACE)
		return strcmp(exd_command_string(command, k, ""), "private") != 0;
	if (key->type == EXD_TYPE_LIST || key->type == EXD_TYPE_MAP)
		return exd_command_count(command, k) > 0;
	return true;
}

static const struct exd_command_key *row_of(enum exd_key key)
{
	const struct exd_command_key *row = NULL;

	while ((row = exd_command_key_next(row)) && row->key != key)
		;
	return row;
}

/* Only these words are the original's; later it asked nobody, and lost them. */
static int check_before_1_10(const struct stub *stub, const struct exd_command *command,
			     struct exd_error *err)
{
	for (size_t i = 0; stub->schema < STUB_SCHEMA_1_10 && i < COUNT(refused_by_name); i++)
		if (asked(command, row_of(refused_by_name[i].key)))
			return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0, "%s",
					     refused_by_name[i].text);
	return 0;
}

static int check_entrypoint(const struct exd_command *command, struct exd_error *err)
{
	const char *program = exd_command_item(command, EXD_KEY_ARGS, 0);

	if (program && *program)
		return 0;
	return exd_error_set(err, EXD_ERR_KEY, 0, "No entrypoint specified");
}

static const char *network_mode(const struct exd_command *command)
{
	return exd_command_string(command, EXD_KEY_NETWORK, "");
}

static const enum exd_key of_device[] = {EXD_KEY_HCS_NETWORK, EXD_KEY_HCS_MAC, EXD_KEY_HCS_PORTS};

bool stub_has_network(const struct exd_command *command)
{
	const char *mode = network_mode(command);

	if (*mode)
		return strcmp(mode, "private") == 0;
	for (size_t i = 0; i < COUNT(of_device); i++)
		if (exd_command_is_set(command, of_device[i]))
			return true;
	return false;
}

static int check_network(const struct exd_command *command, struct exd_error *err)
{
	const char *mode = network_mode(command);

	if (str_in(mode, (const char *const[]){"", "private", NULL}))
		return 0;
	if (strcmp(mode, "none") != 0)
		return exd_error_set(err, EXD_ERR_NETWORK, 0, "invalid network mode: %s", mode);
	for (size_t i = 0; i < COUNT(of_device); i++)
		if (exd_command_is_set(command, of_device[i]))
			return exd_error_set(err, EXD_ERR_KEY, 0,
					     "%s needs a network: leave network = none out",
					     row_of(of_device[i])->name);
	return 0;
}

static bool is_limit(enum exd_key key)
{
	for (size_t i = 0; i < COUNT(limits); i++)
		if (limits[i] == key)
			return true;
	return false;
}

static int check_key(const struct stub *stub, const struct exd_command *command,
		     const struct exd_command_key *key, struct exd_error *err)
{
	for (size_t i = 0; i < COUNT(expressible); i++) {
		if (expressible[i].key != key->key)
			continue;
		if (expressible[i].since <= stub->schema)
			return 0;
		return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
				     "driver hcs-stub: schema %s has no %s",
				     stub_schema_name(stub), key->name);
	}
	if (is_limit((enum exd_key)key->key) && exd_command_bool(command, EXD_KEY_BEST_EFFORT))
		return 0;
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
			     "driver hcs-stub does not support the key %s", key->name);
}

static int check_keys(const struct stub *stub, const struct exd_command *command,
		      struct exd_error *err)
{
	const struct exd_command_key *key = NULL;
	int r = 0;

	while (r == 0 && (key = exd_command_key_next(key)))
		if (asked(command, key))
			r = check_key(stub, command, key, err);
	return r;
}

static int check_weight(const struct stub *stub, const struct exd_command *command,
			struct exd_error *err)
{
	int64_t least = stub->schema == STUB_SCHEMA_1_9 ? 1 : 0;
	int64_t most = stub->schema == STUB_SCHEMA_1_9 ? 9 : 10000;
	int64_t weight = exd_command_number(command, EXD_KEY_CPU_SHARES, least);

	if (weight >= least && weight <= most)
		return 0;
	return exd_error_set(err, EXD_ERR_KEY, 0,
			     "driver hcs-stub: cpu_shares %" PRId64 " is not from %" PRId64
			     " to %" PRId64 " (schema %s)",
			     weight, least, most, stub_schema_name(stub));
}

static int check_mounts(const struct exd_command *command, struct exd_error *err)
{
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	for (size_t i = 0; exd_command_mount(command, i, &mount); i++) {
		if (mount.type != EXD_MOUNT_BIND)
			return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
					     "driver hcs-stub: mount '%s' is not a directory of "
					     "the host",
					     mount.target);
		if ((mount.flags & ~(uint32_t)EXD_MOUNT_READONLY) || mount.propagation)
			return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
					     "driver hcs-stub: mount '%s' can only be read-only or "
					     "not",
					     mount.target);
	}
	return 0;
}

int stub_check_run(const struct stub *stub, const struct exd_command *command,
		   struct exd_error *err)
{
	int r = check_before_1_10(stub, command, err);

	if (r == 0)
		r = nat_check(command, err);
	if (r == 0)
		r = check_entrypoint(command, err);
	if (r == 0)
		r = check_network(command, err);
	if (r == 0)
		r = check_keys(stub, command, err);
	if (r == 0)
		r = check_weight(stub, command, err);
	return r < 0 ? r : check_mounts(command, err);
}

int stub_check_exec(const struct stub *stub, const struct exd_command *command,
		    struct exd_error *err)
{
	int r = check_entrypoint(command, err);

	return r < 0 ? r : check_keys(stub, command, err);
}

void stub_warn(const struct exd_command *command, struct exd_plan *plan)
{
	if (asked(command, row_of(EXD_KEY_HOSTNAME)))
		exd_plan_warn(plan, "hostname: the emulated service does not isolate: the name is "
				    "only in the document and in HOSTNAME");
	if (asked(command, row_of(EXD_KEY_MOUNTS)))
		exd_plan_warn(plan, "mounts: the emulated service does not isolate: they are only "
				    "in the document");
	for (size_t i = 0; i < COUNT(limits); i++) {
		const struct exd_command_key *key = row_of(limits[i]);

		if (asked(command, key))
			exd_plan_warn(plan, "the service has no %s: it is left out", key->name);
	}
}
