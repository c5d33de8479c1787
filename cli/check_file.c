/* One file of `headgate check`. */
#include "cli/check_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/terminal.h"

/* A larger file is left for its turn, so that only one such is in memory. */
enum { AHEAD_MAX = 256 * 1024 };

void check_file_init(struct check_file *file, const struct check_input *input)
{
	*file = (struct check_file){.input = input, .path = HGT_BUF_INIT, .text = HGT_BUF_INIT};
	hgt_reading_init(&file->reading);
}

void check_file_release(struct check_file *file)
{
	hgt_reading_release(&file->reading);
	hgt_buf_release(&file->path);
	hgt_buf_release(&file->text);
}

static int fail(struct check_file *file, const char *message)
{
	return hgt_error_set(&file->why, HGT_EIO, "%s", message);
}

/* Load the text, unless it has more than `most` bytes: 1 then. */
static int load_from(struct check_file *file, int fd, size_t most)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(file, "not a file or folder");
	file->size = (uint64_t)st.st_size;
	if (file->size > CHECK_BLOB_MAX)
		return HGT_ELIMIT;
	if (file->size > most)
		return 1;
	/* Should it be too large by now, nobody knows by how much. */
	file->size = UINT64_MAX;
	return hgt_read_regular(fd, "it", (size_t)st.st_size, CHECK_BLOB_MAX, &file->text, &file->why);
}

static int load(struct check_file *file, size_t most)
{
	int fd, code;

	hgt_buf_reset(&file->text);
	if (file->source == CHECK_STDIN && most < CHECK_BLOB_MAX)
		return 1;
	if (file->source == CHECK_STDIN) {
		file->size = UINT64_MAX;
		return hgt_read_fd(STDIN_FILENO, "it", CHECK_BLOB_MAX, &file->text, &file->why);
	}
	/* Open without waiting for whoever is at the other end of a FIFO, and look before reading. */
	fd = open(file->path.data, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
		(file->source == CHECK_FOUND ? O_NOFOLLOW : 0));
	code = load_from(file, fd, most);
	if (fd >= 0)
		close(fd);
	return code;
}

static void read_file(struct check_file *file, size_t most)
{
	const struct check_input *input = file->input;

	file->code = load(file, most);
	file->put_back = file->code > 0;
	if (file->code == 0)
		file->code = hgt_reading_read(&file->reading, file->path.data, file->text.data, file->text.len, input->cls,
			hgt_engine_limits(input->engine), &file->why);
}

void check_file_prepare(void *item)
{
	struct check_file *file = item;

	if (file->code == 0)
		read_file(file, AHEAD_MAX);
}

static int judge(struct check_input *input, struct check_file *file, struct hgt_error *err)
{
	int code;

	switch (file->code) {
	case 0:
		return hgt_engine_judge(input->engine, &file->reading, err);
	case HGT_ELIMIT:
		code = hgt_engine_too_large(input->engine, file->path.data, file->size, err);
		return code < 0 ? code : 0;
	case HGT_ENOMEM:
		return hgt_error_nomem(err);
	default:
		terminal_complain(file->path.data, file->why.message);
		/* That its name is none to be checked is for people to know, no trouble. */
		input->trouble |= file->code != HGT_EUNSUPPORTED;
		return 0;
	}
}

int check_file_finish(void *ctx, void *item, struct hgt_error *err)
{
	struct check_file *file = item;
	bool large = file->put_back;
	int code;

	if (large)
		read_file(file, CHECK_BLOB_MAX);
	code = judge(ctx, file, err);
	if (large) {
		check_file_release(file);
		check_file_init(file, ctx);
	}
	return code;
}
