/* The wrappers behind fail_alloc.h. */
#include "tests/unit/fail_alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

/* Counts down to 0, where the failure happens; below it nothing is armed. */
static atomic_long left = -1;
static atomic_long count;
static atomic_bool failed;
static atomic_bool of_one;	/* only what `armed` is true for counts down */
static _Thread_local bool armed;

void fail_alloc_here_at(long n)
{
	armed = true;
	atomic_store(&failed, false);
	atomic_store(&of_one, true);
	atomic_store(&left, n);
}

void fail_alloc_at(long n)
{
	atomic_store(&of_one, false);
	atomic_store(&failed, false);
	atomic_store(&left, n);
}

bool fail_alloc_off(void)
{
	atomic_store(&left, -1);
	return atomic_exchange(&failed, false);
}

long fail_alloc_count(void)
{
	return atomic_load(&count);
}

static bool fails(void)
{
	long was = atomic_load(&left);

	atomic_fetch_add(&count, 1);
	if (atomic_load(&of_one) && !armed)
		return false;
	while (was > 0 && !atomic_compare_exchange_weak(&left, &was, was - 1))
		continue;
	if (was != 1)
		return false;
	atomic_store(&failed, true);
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}
