/* Where the hook programs are. */
#ifndef HEADGATE_INSTALL_PROGRAMS_H
#define HEADGATE_INSTALL_PROGRAMS_H

#include "base/buf.h"

/* The folder of headgate-pre-receive and headgate-post-receive, absolute, appended: the one given; else (NULL) beside the program that asks
 * (a build tree), ../libexec/headgate from there, LIBEXECDIR. HGT_ENOENT. */
int hgt_hook_programs(const char *given, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
