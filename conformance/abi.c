/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: the shared object and its entry, before the library sees them. */
#include "conformance/kit.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execdriver/driver.h>

#define ENTRY "exd_driver_entry"
#define TEXT_MAX 127

static const char *path_of(struct kit *kit)
{
	const struct exd_plugin *plugin = NULL;

	while ((plugin = exd_plugin_next(kit->engine, plugin)))
		if (strcmp(exd_plugin_name(plugin), kit->options->driver) == 0)
			return exd_plugin_path(plugin);
	kit_fail(kit, "the driver is not configured");
}

static void *load(struct kit *kit)
{
	const char *path = path_of(kit), *why;
	void *handle;

	kit_check(kit, access(path, R_OK) == 0, "'%s' cannot be read", path);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	why = handle ? NULL : dlerror();
	kit_check(kit, handle != NULL, "%s", why ? why : "it cannot be loaded");
	return handle;
}

static const struct exd_driver *entry_of(struct kit *kit, size_t *size)
{
	const struct exd_driver *entry = dlsym(load(kit), ENTRY);
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	kit_check(kit, entry != NULL, "it does not export " ENTRY);
	kit_check(kit, dladdr1(entry, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol,
		  ENTRY " is no symbol of an object");
	kit_check(kit, (symbol->st_info & 0xf) == STT_OBJECT, ENTRY " is not data");
	kit_check(kit, symbol->st_size >= offsetof(struct exd_driver, name),
		  ENTRY " is no struct exd_driver: it has %zu bytes", (size_t)symbol->st_size);
	*size = symbol->st_size;
	return entry;
}

/* As the library copies it: what the driver does not know of is zero. */
static struct exd_driver driver_of(struct kit *kit)
{
	struct exd_driver driver = {0};
	size_t size;
	const struct exd_driver *entry = entry_of(kit, &size);

	memcpy(&driver, entry,
	       entry->struct_size < sizeof(driver) ? entry->struct_size : sizeof(driver));
	return driver;
}

static void case_loads(struct kit *kit)
{
	(void)dlclose(load(kit));
}

static void case_entry(struct kit *kit)
{
	size_t size;

	(void)entry_of(kit, &size);
}

/* ---- what else it exports -------------------------------------------------------------------- */

/* The first defined global name that is not the entry, of a table of dynamic symbols. */
static const char *other_export(const ElfW(Sym) * symbols, size_t count, const char *names)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = names + symbols[i].st_name;
		unsigned int bind = symbols[i].st_info >> 4;

		if (symbols[i].st_shndx == SHN_UNDEF || symbols[i].st_shndx == SHN_ABS ||
		    bind == STB_LOCAL || name[0] == '_' || name[0] == '\0')
			continue;
		if (strcmp(name, ENTRY) != 0)
			return name;
	}
	return NULL;
}

static const char *find_export(const char *file, size_t size)
{
	const ElfW(Ehdr) *head = (const void *)file;
	const ElfW(Shdr) *sections = (const void *)(file + head->e_shoff);

	if (head->e_shoff + head->e_shnum * sizeof(*sections) > size)
		return NULL;
	for (size_t i = 0; i < head->e_shnum; i++) {
		const ElfW(Shdr) *s = &sections[i];

		if (s->sh_type != SHT_DYNSYM || s->sh_link >= head->e_shnum ||
		    s->sh_offset + s->sh_size > size)
			continue;
		return other_export((const void *)(file + s->sh_offset),
				    s->sh_size / sizeof(ElfW(Sym)),
				    file + sections[s->sh_link].sh_offset);
	}
	return NULL;
}

static void case_alone(struct kit *kit)
{
	const char *path = path_of(kit), *other;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *file;

	kit_check(kit, fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size > sizeof(ElfW(Ehdr)),
		  "'%s' cannot be read", path);
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	kit_check(kit, file != MAP_FAILED, "'%s' cannot be mapped", path);
	other = find_export(file, (size_t)st.st_size);
	kit_check(kit, !other, "it exports %s too: hide it", other);
	(void)munmap(file, (size_t)st.st_size);
	(void)close(fd);
}

/* ---- the struct ------------------------------------------------------------------------------ */

static void case_version(struct kit *kit)
{
	size_t size;
	const struct exd_driver *entry = entry_of(kit, &size);

	kit_check(kit, entry->abi == EXD_DRIVER_ABI, "abi is %u: build it for %u", entry->abi,
		  EXD_DRIVER_ABI);
}

static void case_size(struct kit *kit)
{
	size_t size;
	const struct exd_driver *entry = entry_of(kit, &size);

	kit_check(kit, entry->struct_size >= offsetof(struct exd_driver, exec),
		  "struct_size is %u, which ends before info", entry->struct_size);
	kit_check(kit, entry->struct_size <= size, "struct_size is %u, but the object has %zu",
		  entry->struct_size, size);
}

static void case_name(struct kit *kit)
{
	const struct exd_driver driver = driver_of(kit);

	kit_check(kit, driver.name && strcmp(driver.name, kit->options->driver) == 0,
		  "its name is '%s'", driver.name ? driver.name : "");
}

static void case_required(struct kit *kit)
{
	const struct exd_driver d = driver_of(kit);

	kit_check(kit, d.open, "it has no open");
	kit_check(kit, d.close, "it has no close");
	kit_check(kit, d.probe, "it has no probe");
	kit_check(kit, d.run, "it has no run");
	kit_check(kit, d.terminate, "it has no terminate");
	kit_check(kit, d.clean, "it has no clean");
	kit_check(kit, d.info, "it has no info");
}

static void check_bit(struct kit *kit, uint64_t caps, uint64_t cap, bool there, const char *name)
{
	kit_check(kit, there || !(caps & cap), "it claims %s but has no such function", name);
	kit_check(kit, !there || (caps & cap), "it has %s but does not claim it", name);
}

static void case_capabilities(struct kit *kit)
{
	const struct exd_driver d = driver_of(kit);

	check_bit(kit, d.caps, EXD_CAP_EXEC, d.exec, "exec");
	check_bit(kit, d.caps, EXD_CAP_PAUSE, d.pause, "pause");
	check_bit(kit, d.caps, EXD_CAP_PAUSE, d.unpause, "unpause");
	check_bit(kit, d.caps, EXD_CAP_PIDS, d.pids, "pids");
	check_bit(kit, d.caps, EXD_CAP_STATS, d.stats, "stats");
	check_bit(kit, d.caps, EXD_CAP_UPDATE, d.update, "update");
	check_bit(kit, d.caps, EXD_CAP_EXPLAIN, d.explain, "explain");
}

static bool one_line(const char *text)
{
	size_t i = 0;

	for (; text && text[i] && i <= TEXT_MAX; i++)
		if ((unsigned char)text[i] < ' ')
			return false;
	return i > 0 && i <= TEXT_MAX;
}

static void case_texts(struct kit *kit)
{
	const struct exd_driver driver = driver_of(kit);

	kit_check(kit, one_line(driver.version), "version is not one line of text");
	kit_check(kit, one_line(driver.summary), "summary is not one line of text");
}

static const struct kit_case cases[] = {
	{"abi.loads", "abi-1", .run = case_loads},
	{"abi.entry", "abi-2", .needs = "abi.loads", .run = case_entry},
	{"abi.alone", "abi-3", .needs = "abi.entry", .run = case_alone},
	{"abi.version", "abi-4", .needs = "abi.entry", .run = case_version},
	{"abi.size", "abi-5", .needs = "abi.version", .run = case_size},
	{"abi.name", "abi-6", .needs = "abi.size", .run = case_name},
	{"abi.required", "abi-7", .needs = "abi.name", .run = case_required},
	{"abi.capabilities", "abi-8", .needs = "abi.required", .run = case_capabilities},
	{"abi.texts", "abi-9", .needs = "abi.size", .run = case_texts},
};

KIT_GROUP(kit_abi);
