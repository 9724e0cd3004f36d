/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of the cases, the lines that are printed, and the count. */
#include "conformance/kit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TIMEOUT_MS 60000
#define CASES_MAX 256

enum outcome { NOT_RUN = 0,
	       LEFT_OUT,
	       PASSED,
	       FAILED,
	       SKIPPED };

struct tally {
	struct kit kit;
	unsigned int number; /* lines of TAP so far */
	enum outcome outcome[CASES_MAX];
	struct exd_conformance_result result;
};

static const struct kit_group *const groups[] = {
	&kit_abi,
	&kit_open,
	&kit_run,
	&kit_start,
	&kit_exec,
	&kit_guest,
	&kit_stdio,
	&kit_tty,
	&kit_hooks,
	&kit_oom,
	&kit_kill,
	&kit_terminate,
	&kit_clean,
	&kit_info,
	&kit_pause,
	&kit_figures,
	&kit_end,
	&kit_recover,
};

static const char *const cap_names[] = {"exec", "pause", "pids", "stats",
					"update", "explain", "pre_start"};

/* As far as the caller's struct reaches, all but its struct_size. */
static void give(void *theirs, const void *ours, size_t our_size)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof(size));
	if (size > our_size) {
		memset((char *)theirs + our_size, 0, size - our_size);
		size = (uint32_t)our_size;
	}
	if (size > sizeof(size))
		memcpy((char *)theirs + sizeof(size), (const char *)ours + sizeof(size),
		       size - sizeof(size));
}

const struct kit_case *kit_case_at(size_t index)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (index < groups[i]->count)
			return &groups[i]->cases[index];
		index -= groups[i]->count;
	}
	return NULL;
}

bool exd_conformance_case(size_t index, struct exd_conformance_case *out)
{
	const struct kit_case *one = kit_case_at(index);
	struct exd_conformance_case full = {0};

	if (!one)
		return false;
	full.name = one->name;
	full.ids = one->ids;
	full.caps = one->caps;
	full.needs = one->needs ? one->needs : "";
	give(out, &full, sizeof(full));
	return true;
}

static void print(struct tally *tally, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void print(struct tally *tally, const char *format, ...)
{
	char line[2048];
	va_list args;

	if (!tally->kit.options->line)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	tally->kit.options->line(tally->kit.options->arg, line);
}

static void print_why(struct tally *tally, char *text)
{
	char *next;

	for (char *line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		print(tally, "# %s", line);
	}
}

/* "pause" of the capabilities that are missing, the first. */
static const char *missing_cap(uint64_t missing)
{
	for (size_t i = 0; i < sizeof(cap_names) / sizeof(cap_names[0]); i++)
		if (missing & (UINT64_C(1) << i))
			return cap_names[i];
	return "unknown";
}

/* Whether `list` holds this one as a word of its own. */
static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = strstr(list, word); size && at; at = strstr(at + 1, word))
		if ((at == list || at[-1] == ' ') && (at[size] == ' ' || !at[size]))
			return true;
	return false;
}

/* Whether a case that this one needs failed, or was itself left out. */
static const char *needs_failed(const struct tally *tally, const struct kit_case *one)
{
	const struct kit_case *other;

	for (size_t i = 0; one->needs && (other = kit_case_at(i)); i++)
		if (has_word(one->needs, other->name) &&
		    (tally->outcome[i] == FAILED || tally->outcome[i] == LEFT_OUT))
			return other->name;
	return NULL;
}

static enum outcome judge(struct tally *tally, const struct kit_case *one)
{
	struct kit *kit = &tally->kit;

	memset(kit->verdict, 0, sizeof(*kit->verdict));
	kit_supervise(kit, one);
	if (kit->verdict->caps)
		kit->caps = kit->verdict->caps;
	tally->number++;
	print(tally, "%s %u - %s [%s]", kit->verdict->failed ? "not ok" : "ok", tally->number,
	      one->name, one->ids);
	if (!kit->verdict->failed)
		return PASSED;
	print_why(tally, kit->verdict->text);
	return FAILED;
}

static void run_case(struct tally *tally, size_t index, bool alone)
{
	const struct kit_case *one = kit_case_at(index);
	const char *needed = alone ? NULL : needs_failed(tally, one);
	uint64_t missing = one->caps & ~tally->kit.caps;

	if (needed) {
		print(tally, "# left out, since %s failed: %s [%s]", needed, one->name, one->ids);
		tally->outcome[index] = LEFT_OUT;
		tally->result.left_out++;
	} else if (missing) {
		print(tally, "ok %u - %s [%s] # SKIP the driver does not claim %s",
		      ++tally->number, one->name, one->ids, missing_cap(missing));
		tally->outcome[index] = SKIPPED;
		tally->result.skipped++;
	} else if ((tally->outcome[index] = judge(tally, one)) == PASSED) {
		tally->result.passed++;
	} else {
		tally->result.failed++;
	}
}

static bool wanted(const struct exd_conformance_options *options, const struct kit_case *one)
{
	return !options->only || strcmp(options->only, one->name) == 0 ||
	       has_word(one->ids, options->only);
}

static int check_options(const struct exd_conformance_options *options, struct exd_error *err)
{
	bool found = false;

	if (!options->driver)
		return exd_error_set(err, EXD_ERR_INVALID, EINVAL, "no driver to judge");
	for (size_t i = 0; kit_case_at(i); i++)
		found = found || wanted(options, kit_case_at(i));
	if (!found)
		return exd_error_set(err, EXD_ERR_INVALID, EINVAL,
				     "no case has the name or id '%.64s'", options->only);
	return 0;
}

/* The driver must be configured; whether it loads is the first case's business. */
static int check_driver(const struct exd_conformance_options *options, struct exd_error *err)
{
	struct exd_engine_config config = {.struct_size = sizeof(config), .config = options->config};
	const struct exd_plugin *plugin = NULL;
	struct exd_engine *engine = NULL;
	char root[] = "/tmp/exd-conformance-XXXXXX";
	int r = 0;

	if (!mkdtemp(root))
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot make a directory in /tmp");
	config.root = root;
	r = exd_engine_open(&engine, &config, err);
	while (r == 0 && (plugin = exd_plugin_next(engine, plugin)))
		if (strcmp(exd_plugin_name(plugin), options->driver) == 0)
			break;
	if (r == 0 && !plugin)
		r = exd_error_set(err, EXD_ERR_DRIVER_NOT_FOUND, ENOENT,
				  "there is no driver '%.64s': see driverctl drivers",
				  options->driver);
	exd_engine_close(engine);
	(void)remove(root);
	return r;
}

/* With `only`, what the host allows still has to be known. */
static void learn_caps(struct tally *tally)
{
	static const char name[] = "probe.works";

	for (size_t i = 0; kit_case_at(i); i++) {
		if (strcmp(kit_case_at(i)->name, name) != 0)
			continue;
		memset(tally->kit.verdict, 0, sizeof(*tally->kit.verdict));
		kit_supervise(&tally->kit, kit_case_at(i));
		tally->kit.caps = tally->kit.verdict->caps;
	}
}

static void run_all(struct tally *tally)
{
	const struct exd_conformance_options *options = tally->kit.options;
	const struct exd_conformance_result *result = &tally->result;

	print(tally, "TAP version 13");
	print(tally, "# driver %s", options->driver);
	if (options->only)
		learn_caps(tally);
	for (size_t i = 0; kit_case_at(i) && i < CASES_MAX; i++)
		if (wanted(options, kit_case_at(i)))
			run_case(tally, i, options->only != NULL);
	print(tally, "1..%u", tally->number);
	print(tally, "%u passed, %u failed, %u skipped", result->passed, result->failed,
	      result->skipped);
}

int exd_conformance_run(const struct exd_conformance_options *options,
			struct exd_conformance_result *result, struct exd_error *err)
{
	struct exd_conformance_options full = {0};
	struct tally tally = {.kit = {.options = &full}};
	int r;

	if (!options || !options->struct_size || (result && !result->struct_size))
		return exd_error_set(err, EXD_ERR_INVALID, EINVAL,
				     "struct_size is 0: set it with sizeof before the call");
	memcpy(&full, options,
	       options->struct_size < sizeof(full) ? options->struct_size : sizeof(full));
	if (!full.timeout_ms)
		full.timeout_ms = TIMEOUT_MS;
	r = check_options(&full, err);
	if (r == 0)
		r = check_driver(&full, err);
	if (r < 0)
		return r;
	tally.kit.verdict = mmap(NULL, sizeof(*tally.kit.verdict), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally.kit.verdict == MAP_FAILED)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, errno, "cannot share memory");
	run_all(&tally);
	(void)munmap(tally.kit.verdict, sizeof(*tally.kit.verdict));
	if (result)
		give(result, &tally.result, sizeof(tally.result));
	return 0;
}
