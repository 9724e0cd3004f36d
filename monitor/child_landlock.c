/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child step: from here on the process may touch only the files of its rules. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/sys.h"

/* The same numbers on all architectures; headers may be older than the kernel. */
#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446

#define RULE_PATH_BENEATH 1
/* execute, write_file, read_file, truncate: all that a rule on a file may grant */
#define RIGHTS_OF_FILES ((1u << 0) | (1u << 1) | (1u << 2) | (1u << 14))

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* "ro:PATH" or "rw:PATH". Links of the container lead where they do inside, those of procfs nowhere. */
static int add_rule(int rules, const char *rule, const struct wire_step *s)
{
	struct path_beneath beneath = {.allowed = rule[1] == 'o' ? s->num[1] : s->num[0]};
	struct stat st;
	int r;

	beneath.parent = sys_openat2(AT_FDCWD, rule + 3, O_PATH | O_CLOEXEC, 0,
				     RESOLVE_NO_MAGICLINKS);
	if (beneath.parent < 0)
		return beneath.parent;
	r = neg_errno(fstat(beneath.parent, &st));
	if (!r && !S_ISDIR(st.st_mode))
		beneath.allowed &= RIGHTS_OF_FILES;
	if (!r)
		r = neg_errno(syscall(CALL_ADD_RULE, rules, RULE_PATH_BENEATH, &beneath, 0));
	(void)close(beneath.parent);
	return r;
}

int child_landlock(struct child *c, const struct wire_step *s)
{
	const char *rule = c->launch->data + s->str[0].offset;
	const char *end = rule + s->str[0].size;
	uint64_t handled = s->num[0];
	int rules, r = 0;

	c->object = "Landlock";
	rules = neg_errno(syscall(CALL_CREATE_RULESET, &handled, sizeof(handled), 0));
	if (rules < 0)
		return rules;
	for (; r >= 0 && rule < end; rule += strlen(rule) + 1) {
		c->object = rule;
		r = add_rule(rules, rule, s);
	}
	if (r >= 0) {
		c->object = "Landlock";
		r = neg_errno(syscall(CALL_RESTRICT_SELF, rules, 0));
	}
	(void)close(rules);
	return r;
}
