/* What stands in for libgit2's network transports when its static library is linked: nothing here speaks to the network. */

/*
 * libgit2 registers its TLS and ssh streams when it is initialised, and that costs more than all of a gate's own work: the
 * libraries are loaded and a CA bundle is parsed. The linker takes these definitions before it looks into libgit2.a, so the members
 * that hold the real ones, and the libraries behind them, are left out. The signatures are of no account: the two global
 * inits must return 0; the others are only entered for a URL, which nobody passes.
 */
#include <stdbool.h>

int git_mbedtls_stream_global_init(void);
int git_mbedtls__set_cert_location(void);
int git_mbedtls_stream_new(void);
int git_mbedtls_stream_wrap(void);
int git_transport_ssh_global_init(void);		/* libgit2 1.5 */
int git_transport_ssh_libssh2_global_init(void);	/* libgit2 1.9 */
int git_smart_subtransport_ssh(void);
int git_smart_subtransport_http(void);
extern bool git_http__expect_continue;

bool git_http__expect_continue;

int git_mbedtls_stream_global_init(void)
{
	return 0;
}

int git_transport_ssh_global_init(void)
{
	return 0;
}

int git_transport_ssh_libssh2_global_init(void)
{
	return 0;
}

int git_mbedtls__set_cert_location(void)
{
	return -1;
}

int git_mbedtls_stream_new(void)
{
	return -1;
}

int git_mbedtls_stream_wrap(void)
{
	return -1;
}

int git_smart_subtransport_ssh(void)
{
	return -1;
}

int git_smart_subtransport_http(void)
{
	return -1;
}
