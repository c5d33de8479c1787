/*
 * SIGHUP: another config is put in force, or the one that is stays.
 *
 * The config is loaded into a new immutable one and offered to the parts of the daemon that keep something of it; when all have taken it,
 * `daemon->config` is the new one from then on, and the rest follows by reading that. A part that refuses leaves all as they were. Whoever
 * needs a config beyond one turn of the loop, or on another thread, holds a reference (hgt_config_ref), taken and given up on the loop.
 *
 * What a running daemon cannot change (state, sockets) stays as it is, which is told.
 */
#ifndef HEADGATE_DAEMON_RELOAD_H
#define HEADGATE_DAEMON_RELOAD_H

#include "daemon/daemon.h"

struct hgt_service_options;

/* Logs, counts and tells the service manager how it went. options: what the command line says of the log, which counts first. */
void reload(struct daemon *daemon, const struct hgt_service_options *options);

#endif
