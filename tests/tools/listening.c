/*
 * Runs a command that finds a listening TCP socket, on a loopback port that the kernel chose, as its descriptor 3.
 *
 *	listening PORT-FILE COMMAND [ARGUMENT...]
 *
 * The port is written to PORT-FILE before the command starts. nginx takes the socket over when NGINX=3; is set and its config
 * listens on that port: so tests need neither a fixed port nor a guess at a free one.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INHERITED = 3 };

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	FILE *port;
	int fd;

	if (argc < 3)
		errx(2, "usage: listening PORT-FILE COMMAND [ARGUMENT...]");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		err(1, "a listening socket");
	port = fopen(argv[1], "we");
	if (!port || fprintf(port, "%d\n", ntohs(address.sin_port)) < 0 || fclose(port) != 0)
		err(1, "%s", argv[1]);
	if (fd != INHERITED && (dup2(fd, INHERITED) < 0 || close(fd) < 0))
		err(1, "dup2");
	setenv("NGINX", "3;", 1);
	execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}
