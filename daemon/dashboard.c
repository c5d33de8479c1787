/*
 * The dashboard: the files of daemon/dashboard, in the program as they are and compressed. They are answered from where they lie, so
 * one that nobody looks at costs no memory.
 */
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdint.h>

#include "daemon/api.h"
#include "daemon/conditions.h"
#include "daemon/gzip.h"

/* Every file: a name of its own, the file's, its type. */
#define SCRIPT "text/javascript; charset=utf-8"
#define FILES(FILE) \
	FILE(index, "index.html", "text/html; charset=utf-8") \
	FILE(style, "style.css", "text/css; charset=utf-8") \
	FILE(icon, "icon.svg", "image/svg+xml") \
	FILE(app, "app.js", SCRIPT) \
	FILE(api, "api.js", SCRIPT) \
	FILE(dom, "dom.js", SCRIPT) \
	FILE(fleet, "fleet.js", SCRIPT) \
	FILE(model, "model.js", SCRIPT) \
	FILE(target, "target.js", SCRIPT) \
	FILE(diff, "diff.js", SCRIPT) \
	FILE(events, "events.js", SCRIPT) \
	FILE(repositories, "repositories.js", SCRIPT) \
	FILE(refusals, "refusals.js", SCRIPT) \
	FILE(webhooks, "webhooks.js", SCRIPT) \
	FILE(mirrors, "mirrors.js", SCRIPT)

/* DASHBOARD_PACKED is where the Makefile has put the compressed ones. */
#define INCLUDE_FILE(name, file, type) \
	__asm__(".section .rodata\n" \
		"dashboard_" #name ":\n\t.incbin \"daemon/dashboard/" file "\"\n" \
		"dashboard_" #name "_end:\n\t.byte 0\n" \
		"dashboard_" #name "_gz:\n\t.incbin \"" DASHBOARD_PACKED "/" file ".gz\"\n" \
		"dashboard_" #name "_gz_end:\n\t.byte 0\n\t.previous\n"); \
	extern const unsigned char dashboard_##name[], dashboard_##name##_end[], dashboard_##name##_gz[], dashboard_##name##_gz_end[];
FILES(INCLUDE_FILE)

struct text_range {
	const unsigned char *begin, *end;
};

static const struct file {
	const char *name, *type;
	struct text_range plain, packed;
} files[] = {
#define ROW(name, file, type) \
	{file, type, {dashboard_##name, dashboard_##name##_end}, {dashboard_##name##_gz, dashboard_##name##_gz_end}},
	FILES(ROW)
};

/* Nothing but what comes from here, no script or style in the page itself, and no text that becomes markup. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

static const struct file *find_file(const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

/* A strong tag out of what gzip has at its end: the checksum and the length of what was packed. */
static void write_etag(const struct file *file, bool packed, char *out, size_t size)
{
	const unsigned char *at = file->packed.end - 8;
	uint32_t sum = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;

	snprintf(out, size, "\"%08x-%zx%s\"", (unsigned)sum, (size_t)(file->plain.end - file->plain.begin), packed ? "-gzip" : "");
}

static void add_headers(struct request *request, const char *etag)
{
	request_header(request, "ETag", etag);
	request_header(request, "Vary", "Accept-Encoding");
	request_header(request, "Cache-Control", "no-cache");
	request_header(request, "Content-Security-Policy", policy);
	request_header(request, "X-Content-Type-Options", "nosniff");
	request_header(request, "Referrer-Policy", "no-referrer");
	request_header(request, "Cross-Origin-Opener-Policy", "same-origin");
	request_header(request, "Cross-Origin-Resource-Policy", "same-origin");
}

static void answer(struct request *request, const struct file *file)
{
	const bool packed = gzip_is_accepted(request_get_header(request, "Accept-Encoding"));
	const struct text_range text = packed ? file->packed : file->plain;
	const size_t len = (size_t)(text.end - text.begin);
	struct evbuffer *body;
	char etag[64], length[24];

	write_etag(file, packed, etag, sizeof(etag));
	add_headers(request, etag);
	if (condition_names(request_get_header(request, "If-None-Match"), etag, true)) {
		request_reply_empty(request, 304);
		return;
	}
	body = evbuffer_new();
	if (!body || evbuffer_add_reference(body, text.begin, len, NULL, NULL) < 0) {
		request_reply_error(request, 503, NULL, "out of memory");
	} else {
		snprintf(length, sizeof(length), "%zu", len);
		request_header(request, "Content-Type", file->type);
		request_header(request, "Content-Length", length);
		if (packed)
			request_header(request, "Content-Encoding", "gzip");
		request_reply_buffer(request, 200, body);
	}
	if (body)
		evbuffer_free(body);
}

void api_dashboard(struct request *request)
{
	answer(request, find_file("index.html"));
}

void api_dashboard_file(struct request *request)
{
	const struct file *file = find_file(request->name);

	if (file)
		answer(request, file);
	else
		request_reply_error(request, 404, NULL, "the dashboard has no such file");
}
