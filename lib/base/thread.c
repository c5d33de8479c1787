/* Threads beside the one that runs a loop. */
#include "base/thread.h"

#include <signal.h>

int hgt_thread_start(pthread_t *thread, size_t stack, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int failed = pthread_attr_init(&attr);

	if (failed)
		return failed;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_attr_setstacksize(&attr, stack);
	if (!failed)
		failed = pthread_create(thread, &attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return failed;
}
