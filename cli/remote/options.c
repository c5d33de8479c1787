/* The options of a verb of headgate-remote. */
#include "cli/remote/options.h"

#include <assert.h>

#include "cli/remote/remote.h"
#include "cli/terminal.h"

enum { OPT_JSON = 256, OPT_OWN };

/* getopt's own words for them. */
struct words {
	struct option longs[VERB_OPTIONS_MAX + 4];
	char shorts[2 * VERB_OPTIONS_MAX + 8];
};

static bool takes_something(const struct verb_option *option)
{
	return option->text || option->number;
}

static void write_words(const struct verb_options *options, struct words *out)
{
	size_t n = 0, len;

	assert(options->n <= VERB_OPTIONS_MAX);
	*out = (struct words){.shorts = ":c:h"};
	len = strlen(out->shorts);
	out->longs[n++] = (struct option){"config", required_argument, NULL, 'c'};
	out->longs[n++] = (struct option){"json", no_argument, NULL, OPT_JSON};
	out->longs[n++] = (struct option){"help", no_argument, NULL, 'h'};
	for (size_t i = 0; i < options->n; i++) {
		const struct verb_option *own = &options->own[i];

		out->longs[n++] = (struct option){own->name, takes_something(own) ? required_argument : no_argument, NULL, OPT_OWN + (int)i};
		if (own->letter)
			out->shorts[len++] = own->letter;
		if (own->letter && takes_something(own))
			out->shorts[len++] = ':';
	}
}

static const struct verb_option *find(const struct verb_options *options, int c)
{
	for (size_t i = 0; i < options->n; i++)
		if (c == OPT_OWN + (int)i || (options->own[i].letter && c == options->own[i].letter))
			return &options->own[i];
	return NULL;
}

static bool take(const struct verb_options *options, const struct verb_option *own)
{
	char name[32];

	if (own->flag)
		*own->flag = true;
	if (own->text)
		*own->text = optarg;
	if (!own->number)
		return true;
	snprintf(name, sizeof(name), "--%s", own->name);
	return remote_number(options->verb, name, optarg, own->least, own->most, own->number);
}

int verb_options_read(const struct verb_options *options, int argc, char **argv)
{
	struct words words;
	int c;

	write_words(options, &words);
	opterr = 0;
	while ((c = getopt_long(argc, argv, words.shorts, words.longs, NULL)) >= 0) {
		const struct verb_option *own = find(options, c);

		if (own && !take(options, own))
			return HGT_EXIT_TROUBLE;
		if (own)
			continue;
		if (c == 'h')
			return terminal_print(options->usage);
		if (c == 'c')
			*options->config = optarg;
		else if (c == OPT_JSON)
			*options->json = true;
		else
			return terminal_option_error(options->verb, c, argv[optind - 1]);
	}
	return -1;
}
