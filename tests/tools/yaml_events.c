/*
 * libyaml's event parser alone over files, and over all .yaml below folders: what reading YAML costs whoever uses it.
 *
 *	yaml_events PATH...
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <unistd.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/io.h"

enum { FILE_MAX = 1 << 30 };

static void parse(const char *path, const struct hgt_buf *text)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;

	if (!yaml_parser_initialize(&parser))
		errx(1, "out of memory");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text->data, text->len);
	while (more) {
		if (!yaml_parser_parse(&parser, &event))
			errx(1, "%s:%zu: %s", path, parser.problem_mark.line + 1, parser.problem);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

static void read_file(const char *path, struct hgt_buf *text)
{
	struct hgt_error error;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	hgt_buf_reset(text);
	if (hgt_read_fd(fd, path, FILE_MAX, text, &error) < 0)
		errx(1, "%s", error.message);
	close(fd);
}

int main(int argc, char **argv)
{
	struct hgt_buf text = HGT_BUF_INIT;
	FTSENT *entry;
	FTS *walk;

	if (argc < 2)
		errx(2, "usage: yaml_events PATH...");
	walk = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	if (!walk)
		err(1, "fts_open");
	while ((entry = fts_read(walk))) {
		const char *dot = strrchr(entry->fts_name, '.');

		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			errx(1, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
		if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP || (entry->fts_level > 0 && (!dot || strcmp(dot, ".yaml") != 0)))
			continue;
		read_file(entry->fts_accpath, &text);
		parse(entry->fts_path, &text);
	}
	fts_close(walk);
	hgt_buf_release(&text);
	return 0;
}
