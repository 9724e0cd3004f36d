/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for what is a number or raw bytes in a plan. */
#include "core/plan_words.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* By number; libcap knows them too, but is no library of a host's. */
static const char *const capabilities[] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

#define CAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))
#define KNOWN ((UINT64_C(1) << CAPABILITIES) - 1)
/* From here on it is shorter to say which are not there. */
#define MOST 30

static void add_byte(struct strbuf *out, char byte)
{
	static const char named[] = "\a\b\t\n\v\f\r";
	static const char names[] = "abtnvfr";
	const char *found = byte ? strchr(named, byte) : NULL;

	if (byte == '\\')
		(void)sb_add(out, "\\\\");
	else if (found)
		(void)sb_addf(out, "\\%c", names[found - named]);
	else if ((unsigned char)byte < ' ' || byte == 0x7f)
		(void)sb_addf(out, "\\x%02x", (unsigned char)byte);
	else
		(void)sb_add_bytes(out, &byte, 1);
}

void words_add_text(struct strbuf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		add_byte(out, text[i]);
}

static bool is_plain(const char *item)
{
	return *item && !item[strcspn(item, " '\"[],")];
}

void words_add_list(struct strbuf *out, const char *list, size_t size)
{
	const char *between = "";

	for (const char *item = list; item < list + size; item += strlen(item) + 1) {
		(void)sb_add(out, between);
		between = " ";
		if (is_plain(item)) {
			words_add_text(out, item, strlen(item));
			continue;
		}
		(void)sb_add(out, "'");
		for (const char *at = item; *at; at++) {
			if (*at == '\'')
				(void)sb_add(out, "'\\''");
			else
				add_byte(out, *at);
		}
		(void)sb_add(out, "'");
	}
}

static void add_names(struct strbuf *out, uint64_t mask)
{
	const char *between = "";

	for (size_t i = 0; i < CAPABILITIES; i++) {
		if (!(mask & (UINT64_C(1) << i)))
			continue;
		(void)sb_addf(out, "%s%s", between, capabilities[i]);
		between = ",";
	}
}

void words_add_capabilities(struct strbuf *out, uint64_t mask)
{
	uint64_t known = mask & KNOWN, newer = mask & ~KNOWN;

	if (known == KNOWN) {
		(void)sb_add(out, "all");
	} else if (__builtin_popcountll(known) >= MOST) {
		(void)sb_add(out, "all but ");
		add_names(out, ~known);
	} else if (known || !newer) {
		add_names(out, known);
		(void)sb_add(out, known ? "" : "none");
	}
	/* Of a kernel that is newer than this table. */
	if (newer && newer != ~KNOWN)
		(void)sb_addf(out, "%s0x%llx", known ? "," : "", (unsigned long long)newer);
	else if (newer)
		(void)sb_add(out, known ? " and newer ones" : "newer ones alone");
}

void words_add_open_flags(struct strbuf *out, uint64_t flags)
{
	uint64_t rest = flags & ~(uint64_t)(O_ACCMODE | O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (flags & O_PATH)
		(void)sb_add(out, "as a place");
	else if ((flags & O_ACCMODE) == O_RDONLY)
		(void)sb_add(out, "for reading");
	else
		(void)sb_add(out, (flags & O_ACCMODE) == O_WRONLY ? "for writing"
								  : "for reading and writing");
	(void)sb_add(out, flags & O_DIRECTORY ? ", a directory" : "");
	if (rest)
		(void)sb_addf(out, ", with flags 0x%llx", (unsigned long long)rest);
}

const char *words_file_kind(uint64_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFIFO:
		return "fifo";
	default:
		return "file";
	}
}
