/*
 * Failing allocations: unit tests are linked with malloc, calloc and realloc wrapped (Makefile), so that each allocation a
 * piece of code makes can be made to fail in turn:
 *
 *	for (long n = 1;; n++) {
 *		fail_alloc_at(n);
 *		code = hgt_thing_new(&thing, &err);
 *		if (!fail_alloc_off())
 *			break;			(the code makes fewer than n allocations: all were tried)
 *		assert_int_equal(code, HGT_ENOMEM);
 *	}
 *
 * Only calls from the program's own objects and static libraries are seen; shared libraries call the real functions.
 */
#ifndef HEADGATE_TESTS_FAIL_ALLOC_H
#define HEADGATE_TESTS_FAIL_ALLOC_H

#include <stdbool.h>

/* Let the nth allocation from now (1 is the next one), of whichever thread, fail; once. */
void fail_alloc_at(long n);

/* The same, of this thread alone: where others run what does not live with little memory (libgit2). */
void fail_alloc_here_at(long n);

/* Fail none. Returns whether the armed failure had happened. */
bool fail_alloc_off(void);

/* Allocations asked for since the process began, those that failed included. */
long fail_alloc_count(void);

#endif
