/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Build-time program: turns seccomp_profile.def into the number tables of one processor family. */

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seccomp.h>

#include "drivers/native/seccomp_profile.h"

#define MAX_CALLS 2048
#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* Arm keeps a few private calls far above the others: they do not count as "newest known". */
#define PRIVATE_NUMBERS 0x0f0000

struct group {
	uint64_t caps;
	enum seccomp_verdict otherwise;
	const char *names;
};

struct number {
	uint32_t arch;
	const char *name;
	int number;
};

struct arch {
	const char *name;
	const char *audit;
	uint32_t token;
};

struct family {
	const char *cpu; /* a prefix of the first word of the host triplet */
	const char *archs[2];
};

struct call {
	uint32_t number;
	uint32_t class_index;
};

#define CAP(name) (UINT64_C(1) << CAP_##name)

#define GROUP(caps, otherwise, names) {caps, otherwise, names},
#define NUMBER(arch, name, number)
static const struct group groups[] = {
#include "drivers/native/seccomp_profile.def"
};
#undef GROUP
#undef NUMBER

#define GROUP(caps, otherwise, names)
#define NUMBER(arch, name, number) {arch, #name, number},
static const struct number numbers[] = {
#include "drivers/native/seccomp_profile.def"
};

static const struct arch archs[] = {
	{"x86_64", "AUDIT_ARCH_X86_64", SCMP_ARCH_X86_64},
	{"i386", "AUDIT_ARCH_I386", SCMP_ARCH_X86},
	{"aarch64", "AUDIT_ARCH_AARCH64", SCMP_ARCH_AARCH64},
	{"arm", "AUDIT_ARCH_ARM", SCMP_ARCH_ARM},
	{"riscv64", "AUDIT_ARCH_RISCV64", SCMP_ARCH_RISCV64},
};

static const struct family families[] = {
	{"x86_64", {"x86_64", "i386"}},
	{"aarch64", {"aarch64", "arm"}},
	{"arm", {"arm", NULL}},
	{"riscv64", {"riscv64", NULL}},
	{"i386", {"i386", NULL}},
	{"i486", {"i386", NULL}},
	{"i586", {"i386", NULL}},
	{"i686", {"i386", NULL}},
};

static int resolve(const struct arch *arch, const char *name)
{
	for (size_t i = 0; i < N_ELEMENTS(numbers); i++)
		if ((!numbers[i].arch || numbers[i].arch == arch->token) &&
		    strcmp(numbers[i].name, name) == 0)
			return numbers[i].number;
	return seccomp_syscall_resolve_name_arch(arch->token, name);
}

/* A name that no architecture has is a spelling mistake in the profile. */
static bool exists(const char *name)
{
	for (size_t i = 0; i < N_ELEMENTS(archs); i++)
		if (resolve(&archs[i], name) >= 0)
			return true;
	return false;
}

static int add_call(struct call *calls, size_t *n, int number, uint32_t class_index)
{
	for (size_t i = 0; i < *n; i++)
		if (calls[i].number == (uint32_t)number)
			return -EEXIST;
	if (*n == MAX_CALLS)
		return -E2BIG;
	calls[(*n)++] = (struct call){.number = (uint32_t)number, .class_index = class_index};
	return 0;
}

/* Groups that differ only in purpose share the class of the first of them. */
static uint32_t class_of(const struct group *group)
{
	uint32_t i = 0;

	while (groups[i].caps != group->caps || groups[i].otherwise != group->otherwise)
		i++;
	return i;
}

static int add_group(const struct arch *arch, const struct group *group, struct call *calls,
		     size_t *n)
{
	char *names = strdup(group->names), *rest = NULL;
	int r = names ? 0 : -ENOMEM;

	for (char *s = names ? strtok_r(names, " ", &rest) : NULL; s && r >= 0;
	     s = strtok_r(NULL, " ", &rest)) {
		int number = resolve(arch, s);

		if (number >= 0)
			r = add_call(calls, n, number, class_of(group));
		else if (!exists(s))
			r = -ENOENT;
		if (r < 0)
			fprintf(stderr, "gen-seccomp: '%s' on %s: %s\n", s, arch->name,
				strerror(-r));
	}
	free(names);
	return r;
}

static int by_number(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void emit_ranges(const struct arch *arch, const struct call *calls, size_t n,
			uint32_t *last_known, size_t *n_ranges)
{
	printf("static const struct seccomp_range ranges_%s[] = {\n", arch->name);
	*n_ranges = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t first = calls[i].number, class_index = calls[i].class_index;

		while (i + 1 < n && calls[i + 1].number == calls[i].number + 1 &&
		       calls[i + 1].class_index == class_index)
			i++;
		printf("\t{ %u, %u, %u },\n", first, calls[i].number, class_index);
		(*n_ranges)++;
		if (calls[i].number < PRIVATE_NUMBERS)
			*last_known = calls[i].number;
	}
	printf("};\n\n");
}

static int emit_arch(const char *name, uint32_t *last_known, size_t *n_ranges)
{
	static struct call calls[MAX_CALLS];
	const struct arch *arch = archs;
	size_t n = 0;

	while (strcmp(arch->name, name) != 0)
		arch++;
	for (size_t i = 0; i < N_ELEMENTS(groups); i++) {
		int r = add_group(arch, &groups[i], calls, &n);

		if (r < 0)
			return r;
	}
	qsort(calls, n, sizeof(calls[0]), by_number);
	emit_ranges(arch, calls, n, last_known, n_ranges);
	return 0;
}

static void emit_classes(void)
{
	printf("static const struct seccomp_class classes[] = {\n");
	for (size_t i = 0; i < N_ELEMENTS(groups); i++)
		printf("\t{ UINT64_C(0x%llx), %d },\n", (unsigned long long)groups[i].caps,
		       (int)groups[i].otherwise);
	printf("};\n\n");
}

static const char *audit_name(const char *name)
{
	const struct arch *arch = archs;

	while (strcmp(arch->name, name) != 0)
		arch++;
	return arch->audit;
}

static int emit_family(const struct family *family)
{
	uint32_t last_known[2] = {0};
	size_t n_ranges[2] = {0}, most = 0;

	printf("/* Made by gen-seccomp from seccomp_profile.def: change that file instead. */\n\n");
	emit_classes();
	for (size_t i = 0; i < 2 && family->archs[i]; i++) {
		int r = emit_arch(family->archs[i], &last_known[i], &n_ranges[i]);

		if (r < 0)
			return r;
		if (n_ranges[i] > most)
			most = n_ranges[i];
	}
	printf("static const struct seccomp_arch archs[] = {\n");
	for (size_t i = 0; i < 2 && family->archs[i]; i++)
		printf("\t{ %s, %u, %zu, ranges_%s },\n", audit_name(family->archs[i]),
		       last_known[i], n_ranges[i], family->archs[i]);
	printf("};\n\n#define SECCOMP_MOST_RANGES %zu\n", most);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: gen-seccomp HOST_CPU > seccomp_tables.h\n");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < N_ELEMENTS(families); i++) {
		if (strncmp(argv[1], families[i].cpu, strlen(families[i].cpu)) != 0)
			continue;
		if (emit_family(&families[i]) < 0 || fflush(stdout) != 0 || ferror(stdout))
			return EXIT_FAILURE;
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "gen-seccomp: no system call table for processor '%s'\n", argv[1]);
	return EXIT_FAILURE;
}
