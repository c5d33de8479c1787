/* The TLS module: found beside the program, or in LIBEXECDIR. */
#ifndef HEADGATE_TLS_LOAD_H
#define HEADGATE_TLS_LOAD_H

#include "base/error.h"

struct tls_module;

/* Load it; once is enough, and it stays. HGT_EUNSUPPORTED: it, or what it needs, is not installed. */
int tls_load(const struct tls_module **out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
