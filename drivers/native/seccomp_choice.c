/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which filter of system calls a process gets: the built-in one, none, or that of a profile. */
#include "drivers/native/seccomp_choice.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "drivers/native/process.h"
#include "drivers/native/seccomp.h"
#include "drivers/native/seccomp_cache.h"
#include "drivers/native/seccomp_compile.h"
#include "drivers/native/seccomp_rules.h"

#define PROFILE_MAX (1u << 20)
/* The record keeps it for further processes, and travels in one message. */
#define KEPT_MAX (40u << 10)

bool native_seccomp_is_word(const char *value)
{
	return str_in(value, (const char *const[]){"default", "unconfined", NULL});
}

static int read_profile(const char *path, char **text, struct exd_error *err)
{
	/* a pipe would keep us waiting */
	cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	cleanup_free char *buffer = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return exd_error_set(err, EXD_ERR_SECCOMP, errno, "cannot open seccomp profile '%s'",
				     path);
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)PROFILE_MAX)
		return exd_error_set(err, EXD_ERR_SECCOMP, 0,
				     "seccomp profile '%s' is not a file of at most 1 MiB", path);
	buffer = malloc((size_t)st.st_size + 1);
	if (!buffer)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "seccomp profile '%s'", path);
	n = pread(fd, buffer, (size_t)st.st_size, 0);
	if (n < 0)
		return exd_error_set(err, EXD_ERR_SECCOMP, errno, "cannot read seccomp profile '%s'",
				     path);
	buffer[n] = '\0';
	if (strlen(buffer) != (size_t)n)
		return exd_error_set(err, EXD_ERR_SECCOMP, 0, "seccomp profile '%s': a NUL byte",
				     path);
	*text = take_ptr(&buffer);
	return 0;
}

static size_t size_in_record(const char *text)
{
	size_t size = strlen(text);

	for (; *text; text++)
		size += *text == '"' || *text == '\\';
	return size;
}

int native_seccomp_read(const char *value, char **text, struct exd_error *err)
{
	cleanup_free char *whole = NULL;
	char name[128];
	int r = 0;

	*text = NULL;
	if (native_seccomp_is_word(value))
		return 0;
	if (value[0] == '{')
		(void)snprintf(name, sizeof(name), "of the command");
	else
		(void)snprintf(name, sizeof(name), "'%.100s'", value);
	if (value[0] != '{')
		r = read_profile(value, &whole, err);
	if (r == 0)
		r = seccomp_profile_shorten(name, whole ? whole : value, text, err);
	if (r < 0 || size_in_record(*text) <= KEPT_MAX)
		return r;
	free(*text);
	*text = NULL;
	return exd_error_set(err, EXD_ERR_SECCOMP, EFBIG,
			     "seccomp profile %s is longer than 40 KiB in its shortest form", name);
}

/* All that the program depends on. */
static char *cache_key(const struct seccomp_library *library, const struct seccomp_host *host,
		       const char *profile)
{
	char version[64], *key;

	seccomp_library_describe(library, version, sizeof(version));
	if (asprintf(&key, "libseccomp %s\nlinux %u.%u\ncaps %" PRIx64 "\n%s", version, host->major,
		     host->minor, host->caps, profile) < 0)
		return NULL;
	return key;
}

static int get_program(const struct seccomp_rules *rules, const struct seccomp_host *host,
		       const struct native_process *process, int root_fd,
		       struct native_filter *filter, struct exd_error *err)
{
	CLEANUP(seccomp_library_closep)
	struct seccomp_library *library = NULL;
	cleanup_free char *key = NULL;
	int r = seccomp_library_open(&library, err);

	if (r < 0)
		return r;
	key = cache_key(library, host, process->profile);
	if (!key)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "seccomp profile");
	r = seccomp_cache_find(root_fd, key, &filter->program);
	if (r > 0) {
		filter->count = (size_t)r;
		return 0;
	}
	r = seccomp_compile(library, rules, process->profile_name, &filter->program, &filter->count,
			    err);
	if (r == 0)
		seccomp_cache_store(root_fd, key, filter->program, filter->count);
	return r;
}

static int find_listener(const struct seccomp_rules *rules, const struct native_process *process,
			 struct native_filter *filter, struct exd_error *err)
{
	const char *path = process->listener ? process->listener : rules->listener;

	filter->notifies = rules->notifies;
	filter->flags = rules->flags;
	if (process->listener && !rules->notifies)
		return exd_error_set(err, EXD_ERR_SECCOMP, 0,
				     "seccomp_listener '%s': seccomp profile %s notifies nobody",
				     path, process->profile_name);
	if (!rules->notifies) {
		/* it is about how a listener is waited for */
		filter->flags &= ~(1u << 5);
		return 0;
	}
	if (!path || path[0] != '/')
		return exd_error_set(err, EXD_ERR_SECCOMP, 0,
				     "seccomp profile %s has SCMP_ACT_NOTIFY and no listener: name "
				     "its socket by an absolute path (seccomp_listener)",
				     process->profile_name);
	filter->listener = strdup(path);
	filter->metadata = strdup(rules->metadata ? rules->metadata : "");
	return filter->listener && filter->metadata
		       ? 0
		       : exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "seccomp listener");
}

static int read_custom(const struct native_process *process, int root_fd, bool late,
		       struct native_filter *filter, struct exd_error *err)
{
	struct seccomp_host host = {.caps = process->caps};
	struct seccomp_rules rules;
	struct utsname kernel;
	int r;

	if (uname(&kernel) < 0 ||
	    sscanf(kernel.release, "%u.%u", &host.major, &host.minor) != 2)
		return exd_error_set(err, EXD_ERR_HOST, 0, "cannot tell which kernel this is");
	r = seccomp_rules_read(&rules, process->profile_name, process->profile, &host, err);
	if (r == 0)
		r = seccomp_rules_check(&rules, process->profile_name, late, err);
	if (r == 0)
		r = find_listener(&rules, process, filter, err);
	if (r == 0)
		r = get_program(&rules, &host, process, root_fd, filter, err);
	seccomp_rules_release(&rules);
	return r;
}

int native_filter_read(const struct native_process *process, int root_fd, bool late,
		       struct native_filter *filter, struct exd_error *err)
{
	int n;

	*filter = (struct native_filter){0};
	if (process->profile)
		return read_custom(process, root_fd, late, filter, err);
	if (process->listener)
		return exd_error_set(err, EXD_ERR_SECCOMP, 0,
				     "seccomp_listener '%s': the built-in seccomp profile notifies "
				     "nobody",
				     process->listener);
	filter->program = calloc(SECCOMP_DEFAULT_MAX, sizeof(*filter->program));
	if (!filter->program)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "seccomp filter");
	n = seccomp_default(process->caps, filter->program, SECCOMP_DEFAULT_MAX);
	if (n < 0)
		return exd_error_set(err, EXD_ERR_SECCOMP, -n, "the built-in seccomp profile");
	filter->count = (size_t)n;
	return 0;
}

void native_filter_release(struct native_filter *filter)
{
	free(filter->program);
	free(filter->listener);
	free(filter->metadata);
	*filter = (struct native_filter){0};
}
