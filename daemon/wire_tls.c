/* The socket of a stream that came by TLS. */
#include "daemon/wire_tls.h"

#include "tls/module.h"

static ssize_t write_line(struct wire *wire, const struct iovec *pieces, int n)
{
	struct tls_line *line = wire->line;

	return line->module->line_write(line, pieces, n);
}

static uint32_t wants(const struct wire *wire)
{
	const struct tls_line *line = wire->line;

	return line->module->line_wants(line);
}

static int read_line(struct wire *wire)
{
	struct tls_line *line = wire->line;

	return line->module->line_read(line);
}

static void close_line(struct wire *wire)
{
	struct tls_line *line = wire->line;

	line->module->line_close(line);
}

void wire_tls(struct wire *wire, int fd, struct tls_line *line)
{
	static const struct wire_ops tls = {.write = write_line, .wants = wants, .read = read_line, .close = close_line};

	*wire = (struct wire){.ops = &tls, .fd = fd, .line = line};
}
