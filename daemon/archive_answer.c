/* The answers to who asks for an archive. */
#include "daemon/archive_answer.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/conditions.h"
#include "headgate/protocol.h"

/* Room for the names of two trees, what stands between them, and the quotes. */
#define ETAG_MAX (ARCHIVE_NAME_MAX + 3)

static void write_etag(const struct archive_subject *subject, char etag[ETAG_MAX])
{
	snprintf(etag, ETAG_MAX, "\"%s\"", subject->name);
}

static void add_headers(struct request *request, const struct archive_subject *subject)
{
	char etag[ETAG_MAX];

	write_etag(subject, etag);
	request_header(request, "ETag", etag);
	request_header(request, HGT_HEADER_REVISION, subject->revision);
	if (subject->from)
		request_header(request, HGT_HEADER_FROM, subject->from);
	request_header(request, "Accept-Ranges", "bytes");
}

int archive_answer_condition(struct request *request, const struct archive_subject *subject)
{
	const char *if_match = request_get_header(request, "If-Match");
	char etag[ETAG_MAX];

	write_etag(subject, etag);
	if (if_match && !condition_names(if_match, etag, false)) {
		add_headers(request, subject);
		request_reply_error(request, 412, NULL, "the archive is not the one that If-Match names");
		return 412;
	}
	if (!condition_names(request_get_header(request, "If-None-Match"), etag, true))
		return 0;
	add_headers(request, subject);
	request_reply_empty(request, 304);
	return 304;
}

static void add_numbers(struct request *request, const char *key, const char *fmt, ...) HGT_PRINTF(3, 4);
static void add_numbers(struct request *request, const char *key, const char *fmt, ...)
{
	char text[96];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	request_header(request, key, text);
}

static int open_archive(const struct archive_cache *cache, const struct archive *archive)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct stat st;
	int fd = -1;

	archive_path(cache, archive->name, ARCHIVE_SUFFIX, &path);
	if (!path.failed)
		fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	hgt_buf_release(&path);
	if (fd >= 0 && (fstat(fd, &st) < 0 || (uint64_t)st.st_size != archive->info.bytes)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The part of the file as a body; fd is the body's from then on. */
static bool take_part(struct evbuffer *body, int fd, const struct byte_range *part, bool encrypted)
{
	/* With the flag it goes out by sendfile, else through a mapping, as it must where it is encrypted on the way. */
	return (encrypted || evbuffer_set_flags(body, EVBUFFER_FLAG_DRAINS_TO_FD) == 0) &&
		evbuffer_add_file(body, fd, (ev_off_t)part->first, (ev_off_t)part->length) == 0;
}

static void add_digest(struct request *request, const struct archive *archive)
{
	struct hgt_buf digest = HGT_BUF_INIT;

	hgt_digest_field(&digest, archive->info.digest);
	if (!digest.failed)
		request_header(request, "Repr-Digest", digest.data);
	hgt_buf_release(&digest);
}

bool archive_answer(struct request *request, struct archive_cache *cache, struct archive *archive, const struct archive_subject *subject)
{
	bool head = evhttp_request_get_command(request->ev) == EVHTTP_REQ_HEAD;
	struct byte_range part = {.length = archive->info.bytes};
	int fd = open_archive(cache, archive);
	enum range_result range = RANGE_WHOLE;
	struct evbuffer *body;
	char etag[ETAG_MAX];

	if (fd < 0)
		return false;
	write_etag(subject, etag);
	/* Ranges are defined for GET alone. */
	if (!head)
		range = condition_range(request_get_header(request, "Range"), request_get_header(request, "If-Range"), etag,
			archive->info.bytes, &part);
	body = evbuffer_new();
	if (!body || (!head && range != RANGE_UNSATISFIABLE && !take_part(body, fd, &part, request->tls))) {
		close(fd);
		if (body)
			evbuffer_free(body);
		return false;
	}
	if (head || range == RANGE_UNSATISFIABLE)
		close(fd);
	archive_touch(cache, archive);
	add_headers(request, subject);
	if (range == RANGE_UNSATISFIABLE) {
		add_numbers(request, "Content-Range", "bytes */%" PRIu64, archive->info.bytes);
		request_reply_error(request, 416, NULL, "the archive has %" PRIu64 " bytes", archive->info.bytes);
	} else {
		add_digest(request, archive);
		request_header(request, "Content-Type", "application/gzip");
		add_numbers(request, "Content-Length", "%" PRIu64, part.length);
		if (range == RANGE_PART)
			add_numbers(request, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, part.first,
				part.first + part.length - 1, archive->info.bytes);
		request_reply_buffer(request, range == RANGE_PART ? 206 : 200, body);
	}
	evbuffer_free(body);
	return true;
}
