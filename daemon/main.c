/* headgated: reads its arguments and its config, then runs the daemon. */
#include <unistd.h>

#include "base/service.h"
#include "daemon/daemon.h"
#include "headgate/protocol.h"

static const char usage[] =
	"usage: headgated [-t] [-c FILE] [--log-level LEVEL] [--log-format FORMAT]\n"
	"  -c, --config FILE        read this config (default: HEADGATE_CONFIG, else " HGT_CONFIG_PATH ")\n"
	"  -t, --test               check the config and exit: 0 when it is good, 2 when not\n"
	"      --log-level LEVEL    error, warning, info (default) or debug\n"
	"      --log-format FORMAT  logfmt, json or journal (default: journal under systemd, else logfmt)\n"
	"      --version, --help\n";

static const struct hgt_service service = {.name = "headgated", .usage = usage};

int main(int argc, char **argv)
{
	struct hgt_service_options options;
	struct hgt_config *config = NULL;
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code, status = hgt_service_begin(&service, argc, argv, &options);

	if (status >= 0)
		return status;
	code = hgt_config_find(options.config, NULL, &path, &err);
	if (code == 0)
		code = hgt_config_load(path.data, &config, &err);
	if (code == 0)
		hgt_service_log(&options, config->log.level, config->log.format);
	if (code == 0 && options.test)
		printf("%s: good\n", path.data);
	else if (code == 0)
		code = daemon_run(config, &(struct daemon_how){.argv = argv, .options = &options}, &err);
	if (code > 0)
		_exit(HGT_EXIT_OK);
	status = code < 0 ? hgt_service_trouble(&service, &err) : HGT_EXIT_OK;
	hgt_config_free(config);
	hgt_buf_release(&path);
	return status;
}
