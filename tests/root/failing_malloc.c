/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes the place of the C library's allocator, as any program may, and passes all but one call on
 * to it. Freed memory is overwritten, so that who reads it finds nonsense.
 */
#include "tests/root/failing_malloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EARLY_SIZE 8192

static void *(*real_malloc)(size_t size);
static void *(*real_calloc)(size_t count, size_t size);
static void *(*real_realloc)(void *old, size_t size);
static void *(*real_memalign)(size_t alignment, size_t size);
static void (*real_free)(void *block);

static atomic_long live;
static long fail_at, seen;
static bool armed, failed;
static pthread_t mine;
static struct spared {
	const char *name;
	bool all; /* or copies of texts and zeroed memory only */
	uintptr_t from, to;
} spared[] = {{"libconfig.so", true, 0, 0}, {"libjson-c.so", false, 0, 0}};
#define SPARED (sizeof(spared) / sizeof(spared[0]))

/* What dlsym() asks for before the real ones are known. */
static _Alignas(16) char early[EARLY_SIZE];
static size_t early_used;

static bool is_early(const void *block)
{
	return (const char *)block >= early && (const char *)block < early + EARLY_SIZE;
}

static void *early_alloc(size_t size)
{
	void *block = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	return early_used <= EARLY_SIZE ? block : NULL;
}

static bool find_real(void)
{
	static bool finding;

	if (real_free)
		return true;
	if (finding)
		return false;
	finding = true;
	*(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
	*(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
	*(void **)&real_memalign = dlsym(RTLD_NEXT, "memalign");
	*(void **)&real_free = dlsym(RTLD_NEXT, "free");
	return true;
}

static bool fails(const void *caller, bool unseen)
{
	if (!armed || !pthread_equal(mine, pthread_self()))
		return false;
	for (size_t i = 0; i < SPARED; i++)
		if ((unseen || spared[i].all) && (uintptr_t)caller >= spared[i].from &&
		    (uintptr_t)caller < spared[i].to)
			return false;
	if (++seen != fail_at)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

static void *counted(void *block)
{
	if (block)
		atomic_fetch_add(&live, 1);
	return block;
}

/* For all shared objects to find. */
#pragma GCC visibility push(default)

void *malloc(size_t size)
{
	if (!find_real())
		return early_alloc(size);
	return fails(__builtin_return_address(0), false) ? NULL : counted(real_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	if (!find_real())
		return early_alloc(count * size);
	return fails(__builtin_return_address(0), true) ? NULL : counted(real_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	void *block;

	if (!find_real())
		return NULL;
	if (fails(__builtin_return_address(0), false))
		return NULL;
	block = real_realloc(old, size);
	if (!old)
		return counted(block);
	/* As free(). */
	if (!block && !size)
		atomic_fetch_sub(&live, 1);
	return block;
}

void *memalign(size_t alignment, size_t size)
{
	if (!find_real())
		return NULL;
	return fails(__builtin_return_address(0), false) ? NULL : counted(real_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *block = memalign(alignment, size);

	if (!block)
		return ENOMEM;
	*out = block;
	return 0;
}

/* In the C library it would hide who asks. */
char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy;

	if (!find_real() || fails(__builtin_return_address(0), true))
		return NULL;
	copy = counted(real_malloc(size));
	return copy ? memcpy(copy, text, size) : NULL;
}

/* As programs of older headers call it. */
char *__strdup(const char *text) __attribute__((alias("strdup"), copy(strdup)));

void free(void *block)
{
	int saved = errno;

	if (!block || is_early(block))
		return;
	(void)find_real();
	memset(block, 0x5a, malloc_usable_size(block));
	atomic_fetch_sub(&live, 1);
	real_free(block);
	errno = saved;
}

#pragma GCC visibility pop

static int note_range(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct spared *s = arg;

	(void)size;
	if (!info->dlpi_name || !strstr(info->dlpi_name, s->name))
		return 0;
	s->from = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			s->to = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
				info->dlpi_phdr[i].p_memsz;
	return 1;
}

void failing_malloc_begin(long n)
{
	for (size_t i = 0; i < SPARED; i++)
		(void)dl_iterate_phdr(note_range, &spared[i]);
	fail_at = n;
	seen = 0;
	failed = false;
	mine = pthread_self();
	armed = true;
}

bool failing_malloc_end(void)
{
	armed = false;
	return failed;
}

long failing_malloc_live(void)
{
	return atomic_load(&live);
}
