/* The two ways, while there are none: each turn is refused. */
#include "daemon/mirror.h"
#include "mirror/remote.h"

static int begin(struct turn *turn, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_EUNSUPPORTED, "this version does not %s; leave mirrors out of the config", turn->copy->mirror->way->name);
}

static void nothing(struct turn *turn)
{
	(void)turn;
}

const struct way mirror_push = {"push", begin, nothing, nothing}, mirror_pull = {"pull", begin, nothing, nothing};

int hgt_remote_url(const char *url, const char *repo, struct hgt_buf *out, struct hgt_error *err)
{
	const char *place = strstr(url, "{repo}");

	if (place) {
		hgt_buf_add(out, url, (size_t)(place - url));
		hgt_buf_adds(out, repo);
		url = place + strlen("{repo}");
	}
	hgt_buf_adds(out, url);
	return hgt_buf_check(out, err);
}

int hgt_remote_host(const char *url, struct hgt_buf *out, struct hgt_error *err)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : *url == '/' ? "" : url;
	size_t len = strcspn(host, scheme ? "/" : ":");
	const char *at = memchr(host, '@', len);

	hgt_buf_add(out, at ? at + 1 : host, at ? len - (size_t)(at + 1 - host) : len);
	return hgt_buf_check(out, err);
}
