/* headgate-agent: reads its arguments and its config, then runs the agent. */
#include <signal.h>

#include "agent/runner.h"
#include "base/service.h"
#include "headgate/protocol.h"

static const char usage[] =
	"usage: headgate-agent [-t] [--once] [-c FILE] [--log-level LEVEL] [--log-format FORMAT]\n"
	"  -c, --config FILE        read this config (default: " HGT_AGENT_CONFIG_PATH ")\n"
	"  -t, --test               check the config and exit: 0 when it is good, 2 when not\n"
	"      --once               bring every target up to date and exit: 0 when all are Synced, 1 when not, 2 when\n"
	"                           that could not be told\n"
	"      --log-level LEVEL    error, warning, info (default) or debug\n"
	"      --log-format FORMAT  logfmt, json or journal (default: journal under systemd, else logfmt)\n"
	"      --version, --help\n";

static const struct hgt_service service = {.name = "headgate-agent", .usage = usage, .has_once = true};

int main(int argc, char **argv)
{
	struct hgt_agent_config *config = NULL;
	struct hgt_service_options options;
	struct runner *runner = NULL;
	struct hgt_error err = {0};
	int code, status = hgt_service_begin(&service, argc, argv, &options);

	if (status >= 0)
		return status;
	/* A connection that breaks is an error of a call. */
	signal(SIGPIPE, SIG_IGN);
	code = hgt_agent_config_load(options.config ? options.config : HGT_AGENT_CONFIG_PATH, &config, &err);
	if (code == 0 && options.test) {
		printf("%s: good\n", config->path);
		hgt_agent_config_free(config);
		return HGT_EXIT_OK;
	}
	if (code == 0)
		code = runner_new(config, options.once, &runner, &err);
	status = code < 0 ? hgt_service_trouble(&service, &err) : runner_run(runner);
	runner_free(runner);
	hgt_agent_config_free(config);
	return status;
}
