/* ssh as git calls it for mirrors. */
#include "daemon/mirror_ssh.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/timing.h"

#define SSH_FOLDER "ssh"	/* in the state */

enum {
	SOCKET_ID = 12,			/* hex digits */
	SOCKET_MAX = 107 - 17,		/* a path of a socket, less what ssh adds while it makes one */
	CONNECT_S = 20, ALIVE_S = 5,	/* it gives up after three that are not answered */
	PERSIST_S = 60,			/* how long a shared connection stays when nobody uses it */
};

void mirror_add_quoted(struct hgt_buf *out, const char *text)
{
	hgt_buf_addc(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			hgt_buf_adds(out, "'\\''");
		else
			hgt_buf_addc(out, *text);
	hgt_buf_addc(out, '\'');
}

static bool begins(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

/* Who is spoken to, as what decides whether two may share a connection: all of the URL but its path, our key, their keys. */
static void add_connection(struct hgt_buf *out, const char *url, const struct hgt_config_mirror *mirror)
{
	const char *host = begins(url, "ssh://") ? url + 6 : url;
	size_t address = strcspn(host, "@["), len;

	/* In brackets there are colons that begin no path. */
	address = host[address] == '@' ? address + 1 : address;
	len = host == url && host[address] == '[' ? strcspn(host, "]") : 0;
	len += strcspn(host + len, host == url ? ":" : "/");
	hgt_buf_add(out, host, len);
	hgt_buf_addf(out, "\n%s\n", mirror->identity_file ? mirror->identity_file : "");
	hgt_buf_addf(out, "%s\n", mirror->known_hosts_file ? mirror->known_hosts_file : "");
}

/* Where the shared connection has its socket, appended; nothing where no path can be had that a socket may have. */
static int control_path(const struct turn *turn, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_buf who = HGT_BUF_INIT, folder = HGT_BUF_INIT;
	unsigned char digest[HGT_SHA256_SIZE];
	char hex[HGT_SHA256_HEX];
	int code;

	add_connection(&who, turn->url, turn->mirror);
	hgt_buf_addf(&folder, "%s/" SSH_FOLDER, turn->config->state);
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = hgt_buf_check(&who, err);
	if (code == 0 && folder.len + 1 + SOCKET_ID <= SOCKET_MAX) {
		hgt_sha256(who.data, who.len, digest);
		hgt_hex(digest, sizeof(digest), hex);
		if (mkdir(folder.data, 0700) < 0 && errno != EEXIST)
			code = hgt_error_set_errno(err, "cannot make folder %s", folder.data);
		else
			hgt_buf_addf(out, "%s/%.*s", folder.data, SOCKET_ID, hex);
	}
	hgt_buf_release(&folder);
	hgt_buf_release(&who);
	return code;
}

/* ssh asks nobody, believes no host that it does not know, forwards nothing, and notices when the other side is gone. */
int mirror_ssh_command(const struct turn *turn, struct hgt_buf *out, struct hgt_error *err)
{
	const struct hgt_config_mirror *mirror = turn->mirror;
	struct hgt_buf path = HGT_BUF_INIT, option = HGT_BUF_INIT;
	int code = control_path(turn, &path, err);

	hgt_buf_addf(out, "ssh -T -x -a -o BatchMode=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o ConnectTimeout=%d"
		" -o ServerAliveInterval=%d -o ServerAliveCountMax=3 -o ClearAllForwardings=yes -o PermitLocalCommand=no -o RequestTTY=no",
		CONNECT_S, ALIVE_S);
	if (mirror->identity_file) {
		hgt_buf_adds(out, " -o IdentitiesOnly=yes -o IdentityAgent=none -i ");
		mirror_add_quoted(out, mirror->identity_file);
	}
	if (mirror->known_hosts_file) {
		/* ssh takes several files, with spaces between them, and escapes begin with a percent sign. */
		hgt_buf_addf(&option, "UserKnownHostsFile=\"");
		for (const char *p = mirror->known_hosts_file; *p; p++)
			hgt_buf_addf(&option, *p == '%' ? "%%%%" : "%c", *p);
		hgt_buf_addc(&option, '"');
		hgt_buf_adds(out, " -o GlobalKnownHostsFile=/dev/null -o ");
		if (!option.failed)
			mirror_add_quoted(out, option.data);
	}
	if (path.len) {
		hgt_buf_addf(out, " -o ControlMaster=auto -o ControlPersist=%d -S ", PERSIST_S);
		mirror_add_quoted(out, path.data);
	} else {
		hgt_buf_adds(out, " -S none");
	}
	if (code == 0)
		code = hgt_buf_check(&option, err);
	if (code == 0)
		code = hgt_buf_check(out, err);
	hgt_buf_release(&option);
	hgt_buf_release(&path);
	return code;
}

/* One word of ssh's PROTOCOL.mux: its length, then numbers, all in network order. */
static void add_word(struct hgt_buf *out, uint32_t n)
{
	const char bytes[] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};

	hgt_buf_add(out, bytes, sizeof(bytes));
}

/* Ask the shared connection that listens there to end; it gets a moment to hear it. */
static void end_connection(const char *path)
{
	enum { HELLO = 1, VERSION = 4, TERMINATE = 0x10000005, PATIENCE_MS = 200 };
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct hgt_buf words = HGT_BUF_INIT;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	add_word(&words, 8);
	add_word(&words, HELLO);
	add_word(&words, VERSION);
	add_word(&words, 8);
	add_word(&words, TERMINATE);
	add_word(&words, 0);
	if (fd >= 0 && !words.failed && strlen(path) < sizeof(to.sun_path)) {
		memcpy(to.sun_path, path, strlen(path) + 1);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && hgt_write_all(fd, words.data, words.len) == 0) {
			int64_t until = hgt_time_mono_ms() + PATIENCE_MS;
			struct pollfd waits = {.fd = fd, .events = POLLIN};
			char answer[256];

			/* Its hello, its consent, its end. */
			while (hgt_time_mono_ms() < until && poll(&waits, 1, (int)(until - hgt_time_mono_ms())) > 0)
				if (read(fd, answer, sizeof(answer)) <= 0)
					break;
		}
	}
	if (fd >= 0)
		close(fd);
	hgt_buf_release(&words);
}

void mirror_git_hang_up(const struct hgt_config *config)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct dirent *entry;
	DIR *folder;
	size_t len;

	hgt_buf_addf(&path, "%s/" SSH_FOLDER, config->state);
	folder = path.failed ? NULL : opendir(path.data);
	hgt_buf_addc(&path, '/');
	len = path.len;
	while (folder && (entry = readdir(folder))) {
		if (strlen(entry->d_name) != SOCKET_ID)
			continue;
		hgt_buf_truncate(&path, len);
		hgt_buf_adds(&path, entry->d_name);
		if (!path.failed)
			end_connection(path.data);
	}
	if (folder)
		closedir(folder);
	hgt_buf_release(&path);
}
