/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of texts that command keys take, as far as they need no host. */
#include "core/command_valid.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/strutil.h"
#include "core/ids.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* As the kernel has it in struct utsname. */
#define HOSTNAME_LENGTH_MAX 64

bool valid_text(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

bool valid_word(const char *text)
{
	return valid_text(text) && !strchr(text, ' ');
}

bool valid_path(const char *text)
{
	return text[0] == '/' && strlen(text) < PATH_MAX;
}

bool valid_pair(const char *text)
{
	const char *equals = strchr(text, '=');

	return equals && equals > text;
}

bool valid_user(const char *text)
{
	const char *colon = strchr(text, ':');

	if (!valid_word(text))
		return false;
	return !colon || (colon > text && colon[1] && !strchr(colon + 1, ':'));
}

/* Reads digits up to `end` and steps over it; the number must be in min..max. */
static bool take_number(const char **text, char end, uint64_t min, uint64_t max, uint64_t *out)
{
	size_t size = strspn(*text, DIGITS);
	char digits[21];

	if (!size || size >= sizeof(digits) || (*text)[size] != end)
		return false;
	memcpy(digits, *text, size);
	digits[size] = '\0';
	if (parse_uint64(digits, out) < 0 || *out < min || *out > max)
		return false;
	*text += size + (end != '\0');
	return true;
}

bool valid_tty_size(const char *text)
{
	uint64_t n;

	return take_number(&text, 'x', 1, UINT16_MAX, &n) &&
	       take_number(&text, '\0', 1, UINT16_MAX, &n);
}

/* Seconds as the kernel takes them, at most, and as many digits behind the point as there are ns. */
bool valid_time_offset(const char *text)
{
	size_t size;

	if (str_has_prefix(text, "monotonic="))
		text += strlen("monotonic=");
	else if (str_has_prefix(text, "boottime="))
		text += strlen("boottime=");
	else
		return false;
	text += *text == '-';
	size = strspn(text, DIGITS);
	if (size == 0 || size > 10)
		return false;
	text += size;
	if (*text != '.')
		return !*text;
	size = strspn(++text, DIGITS);
	return size > 0 && size <= 9 && !text[size];
}

bool valid_hostname(const char *text)
{
	size_t size = strlen(text);

	return size && size <= HOSTNAME_LENGTH_MAX && strspn(text, LETTERS DIGITS "._-") == size &&
	       text[0] != '-' && text[0] != '.';
}

bool valid_propagation(const char *text)
{
	return str_in(text, (const char *const[]){"private", "rprivate", "slave", "rslave", "shared",
						  "rshared", "unbindable", "runbindable", NULL});
}

bool valid_namespace(const char *text)
{
	if (str_in(text, (const char *const[]){"private", "host", NULL}))
		return true;
	if (str_has_prefix(text, "container:"))
		return id_valid(text + strlen("container:"));
	return str_has_prefix(text, "path:") && valid_path(text + strlen("path:"));
}

bool valid_network(const char *text)
{
	return strcmp(text, "none") == 0 || valid_namespace(text);
}

bool valid_id_map(const char *text)
{
	uint64_t inside, outside, count;

	return take_number(&text, ':', 0, UINT32_MAX - 1, &inside) &&
	       take_number(&text, ':', 0, UINT32_MAX - 1, &outside) &&
	       take_number(&text, '\0', 1, UINT32_MAX, &count) && inside + count <= UINT32_MAX &&
	       outside + count <= UINT32_MAX;
}

bool valid_capability(const char *text)
{
	size_t size = strlen(text);

	return size && strspn(text, LETTERS DIGITS "_") == size;
}

bool valid_seccomp(const char *text)
{
	return str_in(text, (const char *const[]){"default", "unconfined", NULL}) ||
	       (valid_path(text) && valid_text(text)) || text[0] == '{';
}

/*
 * Separators are dots or slashes; the name becomes a path below /proc/sys, so none may lead out of
 * it.
 */
bool valid_sysctl(const char *text)
{
	const char *equals = strchr(text, '=');
	size_t size = equals ? (size_t)(equals - text) : 0;

	if (!size || strspn(text, LETTERS DIGITS "._-/:@") < size || text[size - 1] == '.' ||
	    text[size - 1] == '/' || text[0] == '.' || text[0] == '/')
		return false;
	for (size_t i = 1; i < size; i++)
		if ((text[i] == '.' || text[i] == '/') &&
		    (text[i - 1] == '.' || text[i - 1] == '/'))
			return false;
	return true;
}

bool valid_cgroup(const char *text)
{
	const char *part = text;

	if (!valid_text(text) || strlen(text) >= PATH_MAX)
		return false;
	while (*part) {
		size_t size = strcspn(part, "/");

		if ((size == 2 && strncmp(part, "..", 2) == 0) || (size == 1 && *part == '.') ||
		    size > NAME_MAX)
			return false;
		part += size + (part[size] == '/');
	}
	return true;
}

/* At most microseconds: what is smaller than 0.000001 would be 0. */
bool valid_cpus(const char *text)
{
	size_t whole = strspn(text, DIGITS), fraction = 0, end = whole;

	if (text[whole] == '.') {
		fraction = strspn(text + whole + 1, DIGITS);
		end += 1 + fraction;
	}
	if (text[end] || whole > 6 || fraction > 6 || (text[whole] == '.' && !fraction))
		return false;
	return strpbrk(text, "123456789") != NULL;
}

bool valid_cpuset(const char *text)
{
	if (!*text)
		return false;
	while (*text) {
		size_t size = strspn(text, DIGITS);
		uint64_t first, last;

		if (!take_number(&text,
				 text[size] == '-'   ? '-'
				 : text[size] == ',' ? ','
						     : '\0',
				 0, 65535, &first))
			return false;
		if (text[-1] == '-') {
			size = strspn(text, DIGITS);
			if (!take_number(&text, text[size] == ',' ? ',' : '\0', first, 65535,
					 &last))
				return false;
		}
		if (!*text && text[-1] == ',')
			return false;
	}
	return true;
}

bool valid_hcs_isolation(const char *text)
{
	return str_in(text, (const char *const[]){"default", "process", "hyperv", NULL});
}

bool valid_hcs_port(const char *text)
{
	return valid_word(text) && strchr(text, ':');
}
