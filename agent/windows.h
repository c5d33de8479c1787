/*
 * Sync windows: when a target may act by itself. As operators know them from Argo CD: one that denies wins; with any that allow, one of
 * them has to be open; without any, all is open.
 *
 * A window is asked of the clock on the wall: it is open while that shows a time in it. So an hour that is left out in spring is none of
 * any window, and one that comes twice in autumn is in it twice.
 */
#ifndef HEADGATE_AGENT_WINDOWS_H
#define HEADGATE_AGENT_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hgt_window;

/* Times are milliseconds since 1970. */
bool windows_are_open(const struct hgt_window *windows, size_t n, int64_t now_ms);

/* The first time after now at which that is otherwise; INT64_MAX when it stays so for two weeks. */
int64_t windows_next(const struct hgt_window *windows, size_t n, int64_t now_ms);

#endif
