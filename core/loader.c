/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a driver's shared object: who may have written it, and whether it keeps to the ABI. */
#include "core/loader.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define ENTRY "exd_driver_entry"
#define KNOWN_CAPS                                                                                 \
	((uint64_t)(EXD_CAP_EXEC | EXD_CAP_PAUSE | EXD_CAP_PIDS | EXD_CAP_STATS | EXD_CAP_UPDATE | \
		    EXD_CAP_EXPLAIN | EXD_CAP_PRE_START))

/* A driver runs with all the rights of its host: nobody else may be able to write it. */
static int check_owner(const char *path, const struct stat *st, struct exd_error *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return exd_error_set(err, EXD_ERR_DRIVER_UNTRUSTED, EPERM,
				     "'%s' belongs to uid %u: its owner must be root or uid %u",
				     path, (unsigned int)st->st_uid, (unsigned int)geteuid());
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return exd_error_set(
			err, EXD_ERR_DRIVER_UNTRUSTED, EPERM,
			"'%s' can be written by its group or by others: chmod go-w '%s'", path,
			path);
	return 0;
}

static int check_folder(const char *path, struct exd_error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	struct stat st;

	if (!folder)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot load '%s'", path);
	if (lstat(folder, &st) < 0)
		return exd_error_set(err, EXD_ERR_DRIVER_NOT_FOUND, errno,
				     "there is no driver '%s': its folder cannot be read", path);
	if (S_ISLNK(st.st_mode))
		return exd_error_set(err, EXD_ERR_DRIVER_UNTRUSTED, ELOOP,
				     "'%s' is a symbolic link: name the folder it points to",
				     folder);
	return check_owner(folder, &st, err);
}

static int check_file(const char *path, struct exd_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return exd_error_set(err, EXD_ERR_DRIVER_NOT_FOUND, errno,
				     "there is no driver '%s': install it or set enabled = false",
				     path);
	if (S_ISLNK(st.st_mode))
		return exd_error_set(err, EXD_ERR_DRIVER_UNTRUSTED, ELOOP,
				     "'%s' is a symbolic link: name the file it points to", path);
	if (!S_ISREG(st.st_mode))
		return exd_error_set(err, EXD_ERR_DRIVER_LOAD, 0, "'%s' is not a regular file",
				     path);
	return check_owner(path, &st, err);
}

/* The exported struct; *size is what the object file says of its size. */
static int find_entry(void *handle, const char *path, const struct exd_driver **out, size_t *size,
		      struct exd_error *err)
{
	const struct exd_driver *entry = dlsym(handle, ENTRY);
	const ElfW(Sym) *symbol = NULL;
	const struct link_map *own = NULL, *holder = NULL;
	Dl_info info;

	/* dlsym also searches what the object depends on: only its own will do. */
	if (!entry || dlinfo(handle, RTLD_DI_LINKMAP, &own) < 0 ||
	    !dladdr1(entry, &info, (void **)&holder, RTLD_DL_LINKMAP) || holder != own ||
	    !dladdr1(entry, &info, (void **)&symbol, RTLD_DL_SYMENT))
		return exd_error_set(err, EXD_ERR_DRIVER_LOAD, 0,
				     "'%s' is not a driver: it does not export %s", path, ENTRY);
	if (!symbol || (symbol->st_info & 0xf) != STT_OBJECT ||
	    symbol->st_size < offsetof(struct exd_driver, name))
		return exd_error_set(err, EXD_ERR_DRIVER_ABI, 0,
				     "'%s': its %s is not a struct exd_driver", path, ENTRY);
	*out = entry;
	*size = symbol->st_size;
	return 0;
}

static int copy_entry(const struct exd_driver *entry, size_t object_size, const char *path,
		      struct exd_driver *out, struct exd_error *err)
{
	const uint32_t least = offsetof(struct exd_driver, exec);

	if (entry->abi != EXD_DRIVER_ABI)
		return exd_error_set(err, EXD_ERR_DRIVER_ABI, 0,
				     "'%s' has driver ABI %u, this library has %u: "
				     "build it against these headers",
				     path, entry->abi, EXD_DRIVER_ABI);
	if (entry->struct_size < least || entry->struct_size > object_size)
		return exd_error_set(
			err, EXD_ERR_DRIVER_ABI, 0,
			"'%s' has a struct_size of %u, which is not from %u to the %zu it has: "
			"set it to sizeof(struct exd_driver)",
			path, entry->struct_size, least, object_size);
	memset(out, 0, sizeof(*out));
	memcpy(out, entry, entry->struct_size < sizeof(*out) ? entry->struct_size : sizeof(*out));
	out->caps &= KNOWN_CAPS;
	return 0;
}

struct function {
	const char *name;
	bool there;
	uint64_t cap; /* 0: required */
};

static int check_function(const struct function *function, uint64_t caps, const char *path,
			  struct exd_error *err)
{
	bool claimed = caps & function->cap;

	if (!function->cap && !function->there)
		return exd_error_set(err, EXD_ERR_DRIVER_ABI, 0,
				     "'%s' lacks the required function %s", path, function->name);
	if (function->cap && claimed && !function->there)
		return exd_error_set(err, EXD_ERR_DRIVER_ABI, 0,
				     "'%s' claims the capability of %s but has no such function",
				     path, function->name);
	if (function->cap && !claimed && function->there)
		return exd_error_set(err, EXD_ERR_DRIVER_ABI, 0,
				     "'%s' has the function %s but does not claim its capability",
				     path, function->name);
	return 0;
}

static int check_functions(const struct exd_driver *driver, const char *path, struct exd_error *err)
{
	const struct function functions[] = {
		{"open", driver->open, 0},
		{"close", driver->close, 0},
		{"probe", driver->probe, 0},
		{"run", driver->run, 0},
		{"terminate", driver->terminate, 0},
		{"clean", driver->clean, 0},
		{"info", driver->info, 0},
		{"exec", driver->exec, EXD_CAP_EXEC},
		{"pause", driver->pause, EXD_CAP_PAUSE},
		{"unpause", driver->unpause, EXD_CAP_PAUSE},
		{"pids", driver->pids, EXD_CAP_PIDS},
		{"stats", driver->stats, EXD_CAP_STATS},
		{"update", driver->update, EXD_CAP_UPDATE},
		{"explain", driver->explain, EXD_CAP_EXPLAIN},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(functions) / sizeof(functions[0]); i++)
		r = check_function(&functions[i], driver->caps, path, err);
	return r;
}

static int check_driver(struct exd_driver *driver, const char *path, const char *name,
			struct exd_error *err)
{
	if (!driver->name || strcmp(driver->name, name) != 0)
		return exd_error_set(err, EXD_ERR_DRIVER_ABI, 0,
				     "'%s' is the driver '%.64s', but configured as '%s': "
				     "correct the name or the path",
				     path, driver->name ? driver->name : "", name);
	if (!driver->version)
		driver->version = "";
	if (!driver->summary)
		driver->summary = "";
	return check_functions(driver, path, err);
}

static int load(const char *path, const char *name, void *handle, struct exd_driver *out,
		struct exd_error *err)
{
	const struct exd_driver *entry = NULL;
	struct exd_driver driver;
	size_t size = 0;
	int r = find_entry(handle, path, &entry, &size, err);

	if (r == 0)
		r = copy_entry(entry, size, path, &driver, err);
	if (r == 0)
		r = check_driver(&driver, path, name, err);
	if (r == 0)
		*out = driver;
	return r;
}

int loader_open(const char *path, const char *name, struct exd_driver *out, void **handle,
		struct exd_error *err)
{
	void *opened;
	int r;

	if (path[0] != '/')
		return exd_error_set(err, EXD_ERR_DRIVER_UNTRUSTED, 0,
				     "'%s' is not an absolute path", path);
	r = check_folder(path, err);
	if (r == 0)
		r = check_file(path, err);
	if (r < 0)
		return r;
	opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!opened) {
		const char *why = dlerror();

		return exd_error_set(err, EXD_ERR_DRIVER_LOAD, 0, "cannot load '%s': %s", path,
				     why ? why : "no reason given");
	}
	r = load(path, name, opened, out, err);
	if (r < 0)
		(void)dlclose(opened);
	else
		*handle = opened;
	return r;
}
