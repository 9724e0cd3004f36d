/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of values and operands, by what the tables of driverctl call them. */
#include "completions/kinds.h"

#include <stdio.h>
#include <string.h>

struct kind {
	const char *text;
	const char *kind;
};

/* Options whose value says little by its name. */
static const struct kind by_option[] = {
	{"driver", "drivers"},
	{"log-format", "words text json"},
	{"network", "network"},
	{"pid", "namespaces"},
	{"ipc", "namespaces"},
	{"uts", "namespaces"},
	{"cgroupns", "namespaces"},
	{"rootfs-propagation", "words private slave"},
	{"sort", "words cpu time memory pids id"},
	{"security-opt", "words no-new-privileges seccomp=default seccomp=unconfined apparmor= label="},
	{"ulimit", "words as= core= cpu= data= fsize= locks= memlock= msgqueue= nice= nofile= nproc= "
		   "rss= rtprio= rttime= sigpending= stack="},
};

static const struct kind by_argument[] = {
	{"FILE", "files"},
	{"DIR", "dirs"},
	{"SRC:DST[:OPTIONS]", "files"},
	{"PATH[:DST][:rwm]", "files"},
	{"USER[:GROUP]", "users"},
	{"GROUP", "groups"},
	{"CAP", "words all audit_control audit_read audit_write block_suspend bpf checkpoint_restore "
		"chown dac_override dac_read_search fowner fsetid ipc_lock ipc_owner kill lease "
		"linux_immutable mac_admin mac_override mknod net_admin net_bind_service "
		"net_broadcast net_raw perfmon setfcap setgid setpcap setuid sys_admin sys_boot "
		"sys_chroot sys_module sys_nice sys_pacct sys_ptrace sys_rawio sys_resource sys_time "
		"sys_tty_config syslog wake_alarm"},
};

static const struct kind by_operand[] = {
	{"ID", "containers"},
	{"ID...", "containers"},
	{"[ID...]", "containers"},
	{"[SIGNAL]", "signals"},
	{"[COMMAND]", "verbs"},
	{"DRIVER", "drivers"},
	{"CMD", "program"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *find(const struct kind *kinds, size_t count, const char *text, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(kinds[i].text) == size && memcmp(kinds[i].text, text, size) == 0)
			return kinds[i].kind;
	return NULL;
}

const char *kind_of_value(const struct option_row *row)
{
	const char *kind = find(by_option, COUNT(by_option), row->name, strlen(row->name));

	if (!kind)
		kind = find(by_argument, COUNT(by_argument), row->argument, strlen(row->argument));
	return kind ? kind : "none";
}

void kinds_of_operands(const struct verb *verb, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (const char *at = verb->usage; *at; at += strspn(at, " ")) {
		size_t word = strcspn(at, " ");
		const char *kind = find(by_operand, COUNT(by_operand), at, word);
		bool options = word == strlen("[OPTIONS]") && strncmp(at, "[OPTIONS]", word) == 0;

		if (strncmp(at, "--", word) == 0)
			return;
		if (!options && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "",
						 kind ? kind : "none");
		if (kind && strcmp(kind, "program") == 0)
			return;
		at += word;
	}
}
