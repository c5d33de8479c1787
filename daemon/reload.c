/* SIGHUP: another config is put in force, or the one that is stays. */
#include "daemon/reload.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/service.h"
#include "base/timing.h"
#include "daemon/archives.h"
#include "daemon/http.h"
#include "daemon/inbound.h"
#include "daemon/manifest.h"
#include "daemon/metrics.h"
#include "daemon/mirror_links.h"
#include "daemon/mirrors.h"
#include "daemon/ref_watch.h"
#include "daemon/retention.h"
#include "daemon/webhooks.h"

static int take_http(struct daemon *daemon, const struct hgt_config *config, struct hgt_error *err)
{
	return http_reload(daemon->http, config, err);
}

static int take_inbound(struct daemon *daemon, const struct hgt_config *config, struct hgt_error *err)
{
	return inbound_reload(daemon->inbound, config, err);
}

static int take_webhooks(struct daemon *daemon, const struct hgt_config *config, struct hgt_error *err)
{
	return webhooks_reload(daemon->webhooks, config, err);
}

static int take_links(struct daemon *daemon, const struct hgt_config *config, struct hgt_error *err)
{
	return links_reload(daemon->links, config, err);
}

static int take_mirrors(struct daemon *daemon, const struct hgt_config *config, struct hgt_error *err)
{
	return mirrors_reload(daemon->mirrors, config, err);
}

static int take_archives(struct daemon *daemon, const struct hgt_config *config, struct hgt_error *err)
{
	(void)err;
	archives_reload(daemon->archives, config);
	return 0;
}

/* Who keeps something of the config, those that may refuse first: one that fails changes nothing of its own, and those before it
 * are given
 * the old config again. daemon->config is the old one while they are asked. */
static int (*const parts[])(struct daemon *daemon, const struct hgt_config *config, struct hgt_error *err) = {
	take_http,
	take_inbound,
	take_webhooks,
	take_mirrors,
	take_links,
	take_archives,
};

/* Repositories are looked for later, and by then it is too late to refuse. */
static int check_root(const struct hgt_config *config, struct hgt_error *err)
{
	int fd = open(config->repositories.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return hgt_error_set_errno(err, "repositories.root: cannot open %s", config->repositories.root);
	close(fd);
	return 0;
}

static int offer(struct daemon *daemon, const struct hgt_config *config, struct hgt_error *err)
{
	const size_t n = sizeof(parts) / sizeof(*parts);
	struct hgt_error again = {0};
	size_t i = 0;
	int code = 0;

	while (i < n && code == 0) {
		code = parts[i](daemon, config, err);
		i += code == 0;
	}
	while (code < 0 && i-- > 0)
		if (parts[i](daemon, daemon->config, &again) < 0)
			hgt_log(HGT_LOG_ERROR, "reload", "a part of the old config cannot be put back; restart the daemon",
				HGT_S("error", again.message));
	return code;
}

/* It is in force. */
static void follow(struct daemon *daemon, const struct hgt_config *before, const struct hgt_service_options *options)
{
	const struct hgt_config *config = daemon->config;

	if (options)
		hgt_service_log(options, config->log.level, config->log.format);
	manifest_listed(daemon->manifest);
	ref_watch_reload(daemon->ref_watch, strcmp(config->repositories.root, before->repositories.root) != 0);
	if (daemon->retention)
		retention_look(daemon->retention);
}

static int replace(struct daemon *daemon, const struct hgt_service_options *options, struct hgt_buf *kept, struct hgt_error *err)
{
	const struct hgt_config *before = daemon->config;
	struct hgt_config *config = NULL;
	int code = hgt_config_load(before->path, &config, err);

	if (code == 0)
		code = hgt_config_follow(config, before, kept, err);
	if (code == 0)
		code = check_root(config, err);
	if (code == 0)
		code = offer(daemon, config, err);
	if (code < 0) {
		hgt_config_free(config);
		return code;
	}
	daemon->config = config;
	follow(daemon, before, options);
	hgt_config_unref(before);
	return 0;
}

static void tell_begin(const struct daemon *daemon)
{
	char state[64];

	/* Before the first READY=1 a second would be a lie. */
	if (!daemon->ready)
		return;
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, hgt_time_mono_us());
	hgt_notify(state);
}

static void tell_end(const struct daemon *daemon, const char *trouble)
{
	struct hgt_buf state = HGT_BUF_INIT;

	if (!daemon->ready)
		return;
	hgt_buf_adds(&state, "READY=1\nSTATUS=");
	if (trouble)
		hgt_buf_addf(&state, "The config before the last reload is in force: %.*s", (int)strcspn(trouble, "\n"), trouble);
	hgt_notify(state.failed ? "READY=1" : state.data);
	hgt_buf_release(&state);
}

void reload(struct daemon *daemon, const struct hgt_service_options *options)
{
	struct hgt_buf kept = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code;

	if (daemon->stopping)
		return;
	tell_begin(daemon);
	code = replace(daemon, options, &kept, &err);
	metrics_reload(daemon->metrics, code == 0);
	if (code < 0) {
		hgt_log(HGT_LOG_ERROR, "reload", "the config is not taken; the one before stays in force", HGT_S("error",
			err.message));
	} else {
		hgt_log(HGT_LOG_INFO, "reload", "the config is in force", HGT_S("config", daemon->config->path));
		if (kept.len)
			hgt_log(HGT_LOG_WARNING, "reload", "these keys stay as they were until a restart", HGT_S("keys",
				kept.data));
	}
	tell_end(daemon, code < 0 ? err.message : NULL);
	hgt_buf_release(&kept);
}
