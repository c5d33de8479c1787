/* Paths as texts: no file system is asked. */
#ifndef HEADGATE_BASE_PATH_H
#define HEADGATE_BASE_PATH_H

#include <stdbool.h>

/* Whether inner is outer, or in it, component by component: slashes that are twice there and "." say nothing. "..", which may lead anywhere
 * where links are, is a name like any other. */
bool hgt_path_is_within(const char *inner, const char *outer);

#endif
