/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of texts that keys for disks, huge pages and other resources of cgroups take. */
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/strutil.h"
#include "core/command_valid.h"

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

static bool is_max(const char *text)
{
	return strcmp(text, "max") == 0;
}

/* What follows the last colon of a "PATH:VALUE", or NULL. */
static const char *value_of_disk(const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!valid_text(text) || text[0] != '/' || !colon || colon - text >= PATH_MAX)
		return NULL;
	return colon + 1;
}

bool valid_disk_weight(const char *text)
{
	const char *value = value_of_disk(text);
	uint64_t weight;

	return value && parse_uint64(value, &weight) == 0 && weight >= WEIGHT_MIN &&
	       weight <= WEIGHT_MAX;
}

bool valid_disk_bytes(const char *text)
{
	const char *value = value_of_disk(text);
	int64_t bytes;

	return value && (is_max(value) || (parse_bytes(value, &bytes) == 0 && bytes > 0));
}

bool valid_disk_number(const char *text)
{
	const char *value = value_of_disk(text);
	uint64_t number;

	/* the kernel keeps 32 bits of it */
	return value && (is_max(value) || (parse_uint64(value, &number) == 0 && number > 0 &&
					   number <= UINT32_MAX));
}

/* What follows the first '=' of a "WORD=VALUE", or NULL. */
static const char *value_of_word(const char *text)
{
	size_t size = strspn(text, WORD);

	return size && size < NAME_MAX && text[size] == '=' && valid_text(text) ? text + size + 1
										: NULL;
}

static bool valid_page_size(const char *text, size_t size)
{
	char name[16];
	int64_t bytes;

	if (size > 1 && strchr("bB", text[size - 1]) && strchr("kKmMgG", text[size - 2]))
		size--;
	if (size >= sizeof(name))
		return false;
	memcpy(name, text, size);
	name[size] = '\0';
	return parse_bytes(name, &bytes) == 0 && bytes >= 1024 && (bytes & (bytes - 1)) == 0;
}

bool valid_hugetlb(const char *text)
{
	const char *value = value_of_word(text);
	int64_t bytes;

	return value && valid_page_size(text, (size_t)(value - text) - 1) &&
	       (is_max(value) || parse_bytes(value, &bytes) == 0);
}

/* Takes "hca_handle=N" off the text; false when that is not what it begins with. */
static bool take_rdma(const char **text)
{
	const char *value = value_of_word(*text);
	size_t size = value ? strcspn(value, ",") : 0;
	char digits[21];
	uint64_t number;

	if (!value || (!str_has_prefix(*text, "hca_handle=") && !str_has_prefix(*text, "hca_object=")) ||
	    size >= sizeof(digits))
		return false;
	memcpy(digits, value, size);
	digits[size] = '\0';
	if (!is_max(digits) && (parse_uint64(digits, &number) < 0 || number > INT32_MAX))
		return false;
	*text = value + size;
	return true;
}

bool valid_rdma(const char *text)
{
	const char *value = value_of_word(text);

	if (!value || !take_rdma(&value))
		return false;
	if (*value == ',') {
		value++;
		if (!take_rdma(&value))
			return false;
	}
	return *value == '\0';
}

bool valid_misc(const char *text)
{
	const char *value = value_of_word(text);
	uint64_t number;

	return value && (is_max(value) || parse_uint64(value, &number) == 0);
}

/* A name in one directory, and none of those by which processes are moved, killed or frozen. */
bool valid_cgroup_conf(const char *text)
{
	const char *value = value_of_word(text);

	return value && *value && !str_has_prefix(text, "cgroup.") && text[0] != '.' &&
	       memchr(text, '.', (size_t)(value - text));
}
