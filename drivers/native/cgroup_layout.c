/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/self/cgroup names the cgroup hierarchies, /proc/self/mountinfo says where they are. */
#include "drivers/native/cgroup_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "drivers/native/device_program.h"

#define READ_CHUNK 16384

/* A line of mountinfo, cut into its fields. */
struct mount_line {
	char *root;
	char *mount;
	char *options;
	char *type;
	char *super;
};

bool cgroup_list_has(const char *list, const char *word)
{
	size_t size = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == size && strncmp(list, word, n) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* "3:cpu,cpuacct:/path" begins a hierarchy; "0::/path" is v2. */
static int add_hierarchy(struct cgroup_layout *layout, char *line)
{
	struct cgroup_hierarchy *h = &layout->list[layout->count];
	char *number = strsep(&line, ":");
	char *controllers = strsep(&line, ":");

	if (!line || layout->count == CGROUP_HIERARCHIES_MAX)
		return 0;
	*h = (struct cgroup_hierarchy){
		.version = strcmp(number, "0") == 0 ? 2 : 1,
		.fd = -EBADF,
	};
	layout->count++;
	h->controllers = strdup(controllers);
	h->own = strdup(line);
	return h->controllers && h->own ? 0 : -ENOMEM;
}

static bool is_octal(const char *digits)
{
	return digits[0] >= '0' && digits[0] <= '3' && digits[1] >= '0' && digits[1] <= '7' &&
	       digits[2] >= '0' && digits[2] <= '7';
}

/* Blanks and the like are written as \040 there. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && is_octal(text + 1)) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT MOUNT OPTIONS [TAGS...] - TYPE SOURCE SUPER */
static bool cut_line(char *line, struct mount_line *out)
{
	char *rest = strstr(line, " - ");

	if (!rest)
		return false;
	*rest = '\0';
	rest += 3;
	for (int i = 0; i < 3; i++)
		(void)strsep(&line, " ");
	out->root = strsep(&line, " ");
	out->mount = strsep(&line, " ");
	out->options = strsep(&line, " ");
	out->type = strsep(&rest, " ");
	(void)strsep(&rest, " ");
	out->super = strsep(&rest, " ");
	if (!out->options || !out->super)
		return false;
	unescape(out->root);
	unescape(out->mount);
	return true;
}

static struct cgroup_hierarchy *hierarchy_of(struct cgroup_layout *layout,
					     const struct mount_line *line)
{
	int version = strcmp(line->type, "cgroup2") == 0  ? 2
		      : strcmp(line->type, "cgroup") == 0 ? 1
							  : 0;

	for (size_t i = 0; version && i < layout->count; i++) {
		struct cgroup_hierarchy *h = &layout->list[i];
		char first[64] = "";

		if (h->version != version)
			continue;
		if (version == 2)
			return h;
		/* The options of one hierarchy may stand in another order there. */
		(void)strncat(first, h->controllers,
			      strcspn(h->controllers, ",") < sizeof(first)
				      ? strcspn(h->controllers, ",")
				      : sizeof(first) - 1);
		if (cgroup_list_has(line->super, first))
			return h;
	}
	return NULL;
}

/*
 * How much of the hierarchy a mount shows, as the length of its root: 0 for all. Negative: neither
 * this process's cgroup nor one above it. "/.." is above the root of a cgroup namespace, which is
 * more than all.
 */
static int mounted_depth(const char *root, const char *own)
{
	size_t size = strlen(root);

	if (strcmp(root, "/") == 0 || strcmp(root, "/..") == 0 || str_has_prefix(root, "/../.."))
		return 0;
	if (str_has_prefix(own, root) && (own[size] == '/' || own[size] == '\0'))
		return (int)size;
	return -1;
}

static int consider_mount(struct cgroup_layout *layout, char *text)
{
	struct mount_line line;
	struct cgroup_hierarchy *h;
	bool readonly;
	char *copy;
	int depth;

	if (!strstr(text, " - cgroup") || !cut_line(text, &line))
		return 0;
	h = hierarchy_of(layout, &line);
	depth = h ? mounted_depth(line.root, h->own) : -1;
	if (depth < 0)
		return 0;
	readonly = cgroup_list_has(line.options, "ro") || cgroup_list_has(line.super, "ro");
	if (h->mount &&
	    (readonly > h->readonly || (readonly == h->readonly && (size_t)depth >= h->depth)))
		return 0;
	copy = strdup(line.mount);
	if (!copy)
		return -ENOMEM;
	free(h->mount);
	h->mount = copy;
	h->depth = (size_t)depth;
	h->readonly = readonly;
	return 0;
}

static void clear_hierarchy(struct cgroup_hierarchy *h)
{
	free(h->controllers);
	free(h->mount);
	free(h->own);
	cleanup_close_fn(&h->fd);
	*h = (struct cgroup_hierarchy){.fd = -EBADF};
}

static void drop_unmounted(struct cgroup_layout *layout)
{
	size_t kept = 0;

	for (size_t i = 0; i < layout->count; i++) {
		if (layout->list[i].mount)
			layout->list[kept++] = layout->list[i];
		else
			clear_hierarchy(&layout->list[i]);
	}
	layout->count = kept;
}

static int each_line(struct cgroup_layout *layout, const char *text,
		     int (*fn)(struct cgroup_layout *layout, char *line))
{
	cleanup_free char *copy = strdup(text);
	char *rest = copy, *line;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && (line = strsep(&rest, "\n")))
		r = fn(layout, line);
	return r;
}

int cgroup_layout_parse(struct cgroup_layout *layout, const char *mountinfo,
			const char *self_cgroup)
{
	int r;

	*layout = (struct cgroup_layout){0};
	r = each_line(layout, self_cgroup, add_hierarchy);
	if (r == 0)
		r = each_line(layout, mountinfo, consider_mount);
	if (r < 0)
		cgroup_layout_clear(layout);
	drop_unmounted(layout);
	return r;
}

int cgroup_layout_v2(struct cgroup_layout *layout, const char *controllers)
{
	struct cgroup_hierarchy *h = (struct cgroup_hierarchy *)cgroup_layout_find(layout, "");
	char *copy;

	if (!h)
		return 0;
	copy = strndup(controllers, strcspn(controllers, "\n"));
	if (!copy)
		return -ENOMEM;
	for (char *p = copy; *p; p++)
		if (*p == ' ')
			*p = ',';
	free(h->controllers);
	h->controllers = copy;
	return 0;
}

/* mountinfo of a busy host does not fit any buffer of a fixed size. */
static int read_all(int dir, const char *path, struct strbuf *out)
{
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char chunk[READ_CHUNK];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && sb_add_bytes(out, chunk, (size_t)n) < 0)
			return -ENOMEM;
	}
	return sb_add(out, "");
}

static int read_v2(struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *h = cgroup_layout_find(layout, "");
	cleanup_strbuf struct strbuf text = {0};

	if (!h || h->fd < 0 || read_all(h->fd, "cgroup.controllers", &text) < 0)
		return 0;
	return cgroup_layout_v2(layout, text.text);
}

static void open_hierarchies(struct cgroup_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		layout->list[i].fd = cgroup_hierarchy_open(&layout->list[i]);
}

static void try_programs(struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *v1 = cgroup_layout_find(layout, "devices");
	const struct cgroup_hierarchy *v2 = cgroup_layout_find(layout, "");

	if (!v2 || v2->readonly || v2->fd < 0 || (v1 && !v1->readonly))
		return;
	layout->programs_refused = device_program_try();
	layout->device_programs = layout->programs_refused == 0;
}

int cgroup_layout_read(struct cgroup_layout **out)
{
	CLEANUP(cgroup_layout_freep)
	struct cgroup_layout *layout = calloc(1, sizeof(*layout));
	cleanup_strbuf struct strbuf mounts = {0}, own = {0};
	int r = layout ? 0 : -ENOMEM;

	if (r == 0)
		r = read_all(AT_FDCWD, "/proc/self/mountinfo", &mounts);
	if (r == 0)
		r = read_all(AT_FDCWD, "/proc/self/cgroup", &own);
	/* A kernel without cgroups has no such file: that is a layout with nothing in it. */
	if (r == -ENOENT && mounts.text)
		r = sb_add(&own, "");
	if (r == 0)
		r = cgroup_layout_parse(layout, mounts.text, own.text);
	if (r == 0)
		open_hierarchies(layout);
	if (r == 0)
		r = read_v2(layout);
	if (r == 0)
		try_programs(layout);
	if (r == 0)
		*out = take_ptr(&layout);
	return r;
}

void cgroup_layout_clear(struct cgroup_layout *layout)
{
	while (layout->count)
		clear_hierarchy(&layout->list[--layout->count]);
}

void cgroup_layout_drop_last(struct cgroup_layout *layout)
{
	if (layout->count)
		clear_hierarchy(&layout->list[--layout->count]);
}

struct cgroup_layout *cgroup_layout_free(struct cgroup_layout *layout)
{
	if (layout)
		cgroup_layout_clear(layout);
	free(layout);
	return NULL;
}

void cgroup_layout_freep(struct cgroup_layout **layout)
{
	*layout = cgroup_layout_free(*layout);
}

const struct cgroup_hierarchy *cgroup_layout_find(const struct cgroup_layout *layout,
						  const char *controller)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct cgroup_hierarchy *h = &layout->list[i];

		if (*controller ? cgroup_list_has(h->controllers, controller) : h->version == 2)
			return h;
	}
	return NULL;
}

int cgroup_hierarchy_open(const struct cgroup_hierarchy *hierarchy)
{
	cleanup_close int fd = open(hierarchy->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if ((unsigned long)fs.f_type !=
	    (hierarchy->version == 2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return -ENOTSUP;
	return take_fd(&fd);
}
