/* Telling the service manager how the daemon is: sd_notify(3) without its library. */
#ifndef HEADGATE_DAEMON_NOTIFY_H
#define HEADGATE_DAEMON_NOTIFY_H

/* Send a state ("READY=1") to the socket that NOTIFY_SOCKET names; does nothing when there is none. */
void notify_send(const char *state);

#endif
