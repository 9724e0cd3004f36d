/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of a seccomp profile become instructions: by libseccomp, which is loaded for this alone. */
#include "drivers/native/seccomp_compile.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "drivers/native/seccomp_rules.h"

#define LIBRARY "libseccomp.so.2"
#define BINARY_TREE 2

struct seccomp_library {
	void *handle;
	__typeof__(&seccomp_version) version;
	__typeof__(&seccomp_api_get) api_get;
	__typeof__(&seccomp_init) init;
	__typeof__(&seccomp_release) release;
	__typeof__(&seccomp_attr_set) attr_set;
	__typeof__(&seccomp_arch_resolve_name) arch_resolve_name;
	__typeof__(&seccomp_arch_add) arch_add;
	__typeof__(&seccomp_syscall_resolve_name) resolve_name;
	__typeof__(&seccomp_rule_add_array) rule_add_array;
	__typeof__(&seccomp_export_bpf) export_bpf;
};

#define SYMBOL(field, name)                                   \
	{                                                     \
		offsetof(struct seccomp_library, field), name \
	}

static const struct {
	size_t offset;
	const char *name;
} symbols[] = {
	SYMBOL(version, "seccomp_version"),
	SYMBOL(api_get, "seccomp_api_get"),
	SYMBOL(init, "seccomp_init"),
	SYMBOL(release, "seccomp_release"),
	SYMBOL(attr_set, "seccomp_attr_set"),
	SYMBOL(arch_resolve_name, "seccomp_arch_resolve_name"),
	SYMBOL(arch_add, "seccomp_arch_add"),
	SYMBOL(resolve_name, "seccomp_syscall_resolve_name"),
	SYMBOL(rule_add_array, "seccomp_rule_add_array"),
	SYMBOL(export_bpf, "seccomp_export_bpf"),
};

void seccomp_library_close(struct seccomp_library *library)
{
	if (!library)
		return;
	if (library->handle)
		(void)dlclose(library->handle);
	free(library);
}

void seccomp_library_closep(struct seccomp_library **library)
{
	seccomp_library_close(*library);
}

static int not_usable(struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_SECCOMP, 0,
			     "a seccomp profile needs libseccomp 2.5 or newer, which cannot be "
			     "loaded: install it (Debian: libseccomp2)");
}

int seccomp_library_open(struct seccomp_library **out, struct exd_error *err)
{
	CLEANUP(seccomp_library_closep)
	struct seccomp_library *library = NULL;

	library = calloc(1, sizeof(*library));
	if (!library)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "libseccomp");
	library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle)
		return not_usable(err);
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *symbol = dlsym(library->handle, symbols[i].name);

		if (!symbol)
			return not_usable(err);
		memcpy((char *)library + symbols[i].offset, &symbol, sizeof(symbol));
	}
	*out = take_ptr(&library);
	return 0;
}

void seccomp_library_describe(const struct seccomp_library *library, char *text, size_t size)
{
	const struct scmp_version *v = library->version();

	(void)snprintf(text, size, "%u.%u.%u api %u", v ? v->major : 0, v ? v->minor : 0,
		       v ? v->micro : 0, library->api_get());
}

/* One profile on its way. */
struct build {
	const struct seccomp_library *library;
	const char *name;
	scmp_filter_ctx context;
	struct exd_error *err;
};

/* "SCMP_ARCH_X86_64" is "x86_64" to the library. */
static int add_arch(const struct build *b, const char *arch)
{
	const char *prefix = "SCMP_ARCH_";
	char name[32] = "";
	uint32_t token;
	int r;

	if (str_has_prefix(arch, prefix))
		(void)snprintf(name, sizeof(name), "%s", arch + strlen(prefix));
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	token = *name ? b->library->arch_resolve_name(name) : 0;
	if (!token)
		return exd_error_set(b->err, EXD_ERR_SECCOMP, 0,
				     "seccomp profile %s: unknown architecture '%.100s'", b->name,
				     arch);
	r = b->library->arch_add(b->context, token);
	if (r < 0 && r != -EEXIST)
		return exd_error_set(b->err, EXD_ERR_SECCOMP, -r,
				     "seccomp profile %s: architecture '%s' beside this one",
				     b->name, arch);
	return 0;
}

static int add_rule(const struct build *b, const struct seccomp_rules *rules,
		    const struct seccomp_rule *rule)
{
	struct scmp_arg_cmp args[SECCOMP_ARGS];
	int number = b->library->resolve_name(rule->name), r;

	/* what it says anyway; the library calls that an error */
	if (number == __NR_SCMP_ERROR || rule->action == rules->default_action)
		return 0;
	for (unsigned int i = 0; i < rule->arg_count; i++)
		args[i] = (struct scmp_arg_cmp){
			.arg = rule->args[i].index,
			.op = (enum scmp_compare)rule->args[i].op,
			.datum_a = rule->args[i].value,
			.datum_b = rule->args[i].value_two,
		};
	r = b->library->rule_add_array(b->context, rule->action, number, rule->arg_count, args);
	if (r == 0)
		return 0;
	return exd_error_set(b->err, EXD_ERR_SECCOMP, -r,
			     "seccomp profile %s: syscalls[%zu] ('%.100s')%s", b->name, rule->entry,
			     rule->name,
			     r == -EEXIST ? ": an earlier entry says something else" : "");
}

static int export(const struct build *b, struct sock_filter **filter, size_t *count)
{
	cleanup_close int fd = memfd_create("seccomp", MFD_CLOEXEC);
	cleanup_free struct sock_filter *program = NULL;
	struct stat st = {0};
	int r = fd < 0 ? -errno : b->library->export_bpf(b->context, fd);

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0 && st.st_size > (off_t)(BPF_MAXINSNS * sizeof(*program)))
		return exd_error_set(b->err, EXD_ERR_SECCOMP, E2BIG,
				     "seccomp profile %s: %lld instructions, the kernel takes %d",
				     b->name, (long long)st.st_size / (int)sizeof(*program),
				     BPF_MAXINSNS);
	program = r == 0 ? malloc((size_t)st.st_size + 1) : NULL;
	if (r == 0 && !program)
		r = -ENOMEM;
	if (r == 0 && pread(fd, program, (size_t)st.st_size, 0) != (ssize_t)st.st_size)
		r = -EIO;
	if (r < 0)
		return exd_error_set(b->err, EXD_ERR_SECCOMP, -r, "seccomp profile %s", b->name);
	*count = (size_t)st.st_size / sizeof(*program);
	*filter = take_ptr(&program);
	return 0;
}

static int build(const struct build *b, const struct seccomp_rules *rules,
		 struct sock_filter **filter, size_t *count)
{
	int r = 0;

	/* smaller and faster where the library can do it */
	(void)b->library->attr_set(b->context, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
	for (size_t i = 0; r == 0 && i < rules->arch_count; i++)
		r = add_arch(b, rules->archs[i]);
	for (size_t i = 0; r == 0 && i < rules->count; i++)
		r = add_rule(b, rules, &rules->rules[i]);
	return r < 0 ? r : export(b, filter, count);
}

int seccomp_compile(const struct seccomp_library *library, const struct seccomp_rules *rules,
		    const char *name, struct sock_filter **filter, size_t *count,
		    struct exd_error *err)
{
	struct build b = {.library = library, .name = name, .err = err};
	int r;

	b.context = library->init(rules->default_action);
	if (!b.context)
		return exd_error_set(err, EXD_ERR_SECCOMP, 0,
				     "seccomp profile %s: this kernel has not its default action",
				     name);
	r = build(&b, rules, filter, count);
	library->release(b.context);
	return r;
}
