/* Who asks: agents and roles, as bits, so that a route names all who may. */
#ifndef HEADGATE_DAEMON_ROLES_H
#define HEADGATE_DAEMON_ROLES_H

enum role {
	ROLE_NONE = 0,
	ROLE_AGENT = 1,
	ROLE_VIEWER = 2,
	ROLE_OPERATOR = 4,
	ROLE_ADMIN = 8,
	ROLE_SCRAPER = 16,	/* of a route alone: anyone, where the config says so, but nobody with a scope */
};

/* Who may. */
#define ANYONE 0
#define AGENT ROLE_AGENT
#define ADMIN ROLE_ADMIN
#define OPERATOR (ROLE_OPERATOR | ADMIN)
#define VIEWER (ROLE_VIEWER | OPERATOR)
#define EITHER (AGENT | VIEWER)
#define SCRAPER (ROLE_SCRAPER | VIEWER)

/* "viewer", ...; and back, ROLE_NONE for what is none of the three that a token may have. */
const char *role_name(enum role role);
enum role role_parse(const char *name);

#endif
