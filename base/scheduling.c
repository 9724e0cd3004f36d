/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the kernel schedules a process, read from the texts that people write. */
#include "base/scheduling.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/strutil.h"

#define POLICY_FIFO 1
#define POLICY_RR 2
#define POLICY_IDLE 5
#define POLICY_DEADLINE 6

#define FLAG_RESET_ON_FORK 1
#define FLAG_RECLAIM 2
#define FLAG_DL_OVERRUN 4

#define IOPRIO_CLASS_SHIFT 13
#define WORD_MAX 64

static const struct {
	const char *name;
	uint32_t policy;
} policies[] = {
	{"other", 0},
	{"fifo", POLICY_FIFO},
	{"rr", POLICY_RR},
	{"batch", 3},
	{"idle", POLICY_IDLE},
	{"deadline", POLICY_DEADLINE},
};

static const struct {
	const char *name;
	uint64_t flag;
	bool deadline;
} flags[] = {
	{"reset-on-fork", FLAG_RESET_ON_FORK, false},
	{"reclaim", FLAG_RECLAIM, true},
	{"dl-overrun", FLAG_DL_OVERRUN, true},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The next word up to `end` or the end of the text, NUL-terminated. */
static int take_word(const char **text, char end, char word[WORD_MAX])
{
	const char *stop = strchr(*text, end);
	size_t size = stop ? (size_t)(stop - *text) : strlen(*text);

	if (size == 0 || size >= WORD_MAX)
		return -EINVAL;
	memcpy(word, *text, size);
	word[size] = '\0';
	*text += size + (stop != NULL);
	/* a separator has to be followed by something */
	return stop && !**text ? -EINVAL : 0;
}

static int read_policy(const char *name, struct scheduling *s)
{
	for (size_t i = 0; i < COUNT(policies); i++)
		if (strcmp(policies[i].name, name) == 0) {
			s->policy = policies[i].policy;
			return 0;
		}
	return -EINVAL;
}

static bool real_time(const struct scheduling *s)
{
	return s->policy == POLICY_FIFO || s->policy == POLICY_RR;
}

static int read_nice(const char *value, struct scheduling *s)
{
	int64_t nice;

	if (parse_int64(value, &nice) < 0 || nice < -20 || nice > 19 || real_time(s) ||
	    s->policy >= POLICY_IDLE)
		return -EINVAL;
	s->nice = (int32_t)nice;
	return 0;
}

static int read_priority(const char *value, struct scheduling *s)
{
	uint64_t priority;

	if (parse_uint64(value, &priority) < 0 || priority < 1 || priority > 99 || !real_time(s))
		return -EINVAL;
	s->priority = (uint32_t)priority;
	return 0;
}

static int read_flag(const char *word, struct scheduling *s)
{
	for (size_t i = 0; i < COUNT(flags); i++)
		if (strcmp(flags[i].name, word) == 0) {
			s->flags |= flags[i].flag;
			return flags[i].deadline && s->policy != POLICY_DEADLINE ? -EINVAL : 0;
		}
	return -EINVAL;
}

static int read_word(char *word, struct scheduling *s)
{
	char *value = strchr(word, '=');
	uint64_t *time = NULL;

	if (!value)
		return read_flag(word, s);
	*value++ = '\0';
	if (strcmp(word, "nice") == 0)
		return read_nice(value, s);
	if (strcmp(word, "priority") == 0)
		return read_priority(value, s);
	if (strcmp(word, "runtime") == 0)
		time = &s->runtime;
	else if (strcmp(word, "deadline") == 0)
		time = &s->deadline;
	else if (strcmp(word, "period") == 0)
		time = &s->period;
	if (!time || s->policy != POLICY_DEADLINE)
		return -EINVAL;
	return parse_uint64(value, time);
}

/* What the kernel would refuse of every process: the rest depends on the machine. */
static int check(const struct scheduling *s)
{
	if (real_time(s) && !s->priority)
		return -EINVAL;
	if (s->policy != POLICY_DEADLINE)
		return 0;
	if (!s->runtime || !s->deadline || s->runtime > s->deadline)
		return -EINVAL;
	return s->period && s->period < s->deadline ? -EINVAL : 0;
}

int scheduling_parse(const char *text, struct scheduling *out)
{
	struct scheduling s = {.size = sizeof(s)};
	char word[WORD_MAX];
	int r = take_word(&text, ',', word);

	if (r == 0)
		r = read_policy(word, &s);
	while (r == 0 && *text) {
		r = take_word(&text, ',', word);
		if (r == 0)
			r = read_word(word, &s);
	}
	if (r == 0)
		r = check(&s);
	if (r == 0)
		*out = s;
	return r < 0 ? -EINVAL : 0;
}

int scheduling_ioprio(const char *text)
{
	int class = str_has_prefix(text, "rt:") ? 1 : str_has_prefix(text, "be:") ? 2
										  : 0;

	if (strcmp(text, "idle") == 0)
		return 3 << IOPRIO_CLASS_SHIFT;
	if (!class || text[3] < '0' || text[3] > '7' || text[4])
		return -EINVAL;
	return class << IOPRIO_CLASS_SHIFT | (text[3] - '0');
}

static int take_cpu(const char **text, const char *end, unsigned int *cpu)
{
	const char *start = *text;

	*cpu = 0;
	for (; *text < end && **text >= '0' && **text <= '9'; (*text)++) {
		*cpu = *cpu * 10 + (unsigned int)(**text - '0');
		if (*cpu >= SCHEDULING_CPUS)
			return -ERANGE;
	}
	return *text == start ? -EINVAL : 0;
}

int scheduling_cpus(const char *text, size_t length, uint64_t mask[SCHEDULING_CPUS / 64],
		    size_t *used)
{
	const char *end = text + length;
	unsigned int first, last;
	int r;

	memset(mask, 0, SCHEDULING_CPUS / 8);
	*used = 0;
	do {
		r = take_cpu(&text, end, &first);
		last = first;
		if (r == 0 && text < end && *text == '-') {
			text++;
			r = take_cpu(&text, end, &last);
		}
		if (r < 0 || last < first)
			return r < 0 ? r : -EINVAL;
		for (unsigned int cpu = first; cpu <= last; cpu++)
			mask[cpu / 64] |= UINT64_C(1) << cpu % 64;
		if (last / 64 * 8 + 8 > *used)
			*used = last / 64 * 8 + 8;
	} while (text < end && *text == ',' && text++);
	return text == end ? 0 : -EINVAL;
}
