/* Telling the service manager how a service is: sd_notify(3) without its library. */
#ifndef HEADGATE_BASE_NOTIFY_H
#define HEADGATE_BASE_NOTIFY_H

/* Send a state ("READY=1") to the socket that NOTIFY_SOCKET names; does nothing when there is none. */
void hgt_notify(const char *state);

#endif
