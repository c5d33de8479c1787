/* What every unit test needs: cmocka with the headers it leaves to its users, table lengths, a private folder. */
#ifndef HEADGATE_TESTS_UNIT_H
#define HEADGATE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* cmocka setup and teardown: an empty folder of its own, its path (a heap string) in *state. */
int unit_folder_make(void **state);
int unit_folder_remove(void **state);

/* "<folder>/<name>", to be freed; never NULL. */
char *unit_path(const char *folder, const char *name);

#endif
