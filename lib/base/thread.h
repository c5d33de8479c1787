/* Threads beside the one that runs a loop. */
#ifndef HEADGATE_BASE_THREAD_H
#define HEADGATE_BASE_THREAD_H

#include <pthread.h>

/* One with `stack` bytes that no signal is delivered to: those belong to the thread that runs the loop. 0, or an errno. */
int hgt_thread_start(pthread_t *thread, size_t stack, void *(*run)(void *), void *arg);

#endif
