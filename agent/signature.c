/* Who has signed a text. */
#include "agent/signature.h"

#include <string.h>
#include <unistd.h>

#include "agent/job.h"
#include "base/escape.h"
#include "base/io.h"

#define LIMIT_MS 20000
#define ANSWER_MAX (64 * 1024)
#define PRINCIPALS_MAX 16

static int take_answer(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct hgt_buf *answer = ctx;

	if (answer->len + len > ANSWER_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "a program that checks signatures says more than %d bytes", ANSWER_MAX);
	hgt_buf_add(answer, data, len);
	return hgt_buf_check(answer, err);
}

/* The last thing that it said, for a message. */
static void last_line(const struct hgt_buf *said, struct hgt_buf *out)
{
	size_t end = said->len, begin;

	while (end > 0 && said->data[end - 1] == '\n')
		end--;
	begin = end;
	while (begin > 0 && said->data[begin - 1] != '\n')
		begin--;
	hgt_escape_text(out, said->data ? said->data + begin : "", end - begin);
}

/* Run it with the payload as its input: 1 when it is content, 0 when it is not, and `why` says what it said. */
static int ask(char *const *argv, const struct hgt_buf *payload, int stop_fd, struct hgt_buf *answer, struct hgt_buf *why,
	struct hgt_error *err)
{
	struct job job = {.argv = argv, .input = payload->data, .input_len = payload->len, .limit_ms = LIMIT_MS, .stop_fd = stop_fd,
		.take = take_answer, .ctx = answer};
	struct job_result result = {.output = HGT_BUF_INIT};
	int code;

	hgt_buf_reset(answer);
	code = job_run(&job, &result, err);
	if (code == 0) {
		code = job_judge(&job, &result, err);
		hgt_buf_reset(why);
		last_line(&result.output, why);
		code = code == 0 ? 1 : code == HGT_ECONFLICT ? 0 : code;
	}
	hgt_buf_release(&result.output);
	return code;
}

#define ARG(text) ((char *)(uintptr_t)(text))

/* For each who is named by the key that signed: whether it holds for them. */
static int check_ssh(const struct hgt_agent_target *t, const char *file, const struct hgt_buf *payload, int stop_fd, struct hgt_buf *who,
	struct hgt_error *err)
{
	char *find[] = {ARG("ssh-keygen"), ARG("-Y"), ARG("find-principals"), ARG("-f"), ARG(t->verify.allowed_signers), ARG("-s"),
		ARG(file), NULL};
	struct hgt_buf names = HGT_BUF_INIT, answer = HGT_BUF_INIT, why = HGT_BUF_INIT;
	char *rest = NULL, *name;
	int code;

	if (access(t->verify.allowed_signers, R_OK) < 0)
		return hgt_error_set_errno(err, "cannot read %s", t->verify.allowed_signers);
	code = ask(find, payload, stop_fd, &names, &why, err);
	if (code == 0)
		code = hgt_error_set(err, HGT_EPERM, "its SSH signature is of nobody in %s", t->verify.allowed_signers);
	hgt_buf_addc(&names, '\0');
	name = code > 0 && !names.failed ? strtok_r(names.data, "\r\n", &rest) : NULL;
	code = code > 0 ? 0 : code;
	for (int i = 0; name && code == 0 && i < PRINCIPALS_MAX; i++) {
		char *verify[] = {ARG("ssh-keygen"), ARG("-Y"), ARG("verify"), ARG("-n"), ARG("git"), ARG("-f"),
			ARG(t->verify.allowed_signers), ARG("-I"), name, ARG("-s"), ARG(file),
			t->verify.revoked_keys ? ARG("-r") : NULL, ARG(t->verify.revoked_keys), NULL};

		code = ask(verify, payload, stop_fd, &answer, &why, err);
		if (code > 0)
			hgt_buf_adds(who, name);
		name = strtok_r(NULL, "\r\n", &rest);
	}
	if (code == 0)
		code = hgt_error_set(err, HGT_EPERM, "its SSH signature does not hold: %s", why.len ? why.data : "no principal");
	hgt_buf_release(&names);
	hgt_buf_release(&answer);
	hgt_buf_release(&why);
	return code > 0 ? hgt_buf_check(who, err) : code;
}

/* The next status line of that word (doc/DETAILS of GnuPG), from what follows the word on; NULL when there is none. Names of keys are in
 * these lines too, so only where a line begins. */
static const char *status_line(const char *p, const char *word)
{
	static const char mark[] = "[GNUPG:] ";
	size_t len = strlen(word);

	for (; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *at = p + sizeof(mark) - 1;

		if (strncmp(p, mark, sizeof(mark) - 1) == 0 && strncmp(at, word, len) == 0 && strchr(" \n", at[len]))
			return at + len;
	}
	return NULL;
}

static bool says(const struct hgt_buf *status, const char *word)
{
	return status_line(status->data, word);
}

static bool says_once(const struct hgt_buf *status, const char *word)
{
	const char *first = status_line(status->data, word);

	first = first ? strchr(first, '\n') : NULL;
	return first && !status_line(first + 1, word);
}

/* gpgv itself counts keys that have expired as good. */
static int judge_openpgp(const struct hgt_buf *status, bool content, const struct hgt_buf *why, const char *keyring, struct hgt_buf *who,
	struct hgt_error *err)
{
	static const struct {
		const char *word, *what;
	} bad[] = {{"EXPKEYSIG", "the key has expired"}, {"REVKEYSIG", "the key has been revoked"}, {"EXPSIG", "it has expired"},
		{"BADSIG", "it is of another text"}};
	const char *valid;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (says(status, bad[i].word))
			return hgt_error_set(err, HGT_EPERM, "its OpenPGP signature does not hold: %s", bad[i].what);
	if (says(status, "NO_PUBKEY"))
		return hgt_error_set(err, HGT_EPERM, "its OpenPGP signature is of no key in %s (which is to be as gpg --export writes it)", keyring);
	if (!content || !says_once(status, "GOODSIG") || !says_once(status, "VALIDSIG"))
		return hgt_error_set(err, HGT_EPERM, "its OpenPGP signature does not hold: %s", why->len ? why->data : "not one good signature");
	valid = status_line(status->data, "VALIDSIG");
	valid += *valid == ' ';
	hgt_buf_add(who, valid, strcspn(valid, " \n"));
	return hgt_buf_check(who, err);
}

static int check_openpgp(const struct hgt_agent_target *t, const char *file, const char *folder, const struct hgt_buf *payload,
	int stop_fd, struct hgt_buf *who, struct hgt_error *err)
{
	char *argv[] = {ARG("gpgv"), ARG("--status-fd"), ARG("1"), ARG("--homedir"), ARG(folder), ARG("--keyring"), ARG(t->verify.keyring),
		ARG(file), ARG("-"), NULL};
	struct hgt_buf status = HGT_BUF_INIT, why = HGT_BUF_INIT;
	int code;

	if (access(t->verify.keyring, R_OK) < 0)
		return hgt_error_set_errno(err, "cannot read %s", t->verify.keyring);
	code = ask(argv, payload, stop_fd, &status, &why, err);
	if (code >= 0)
		code = judge_openpgp(&status, code > 0, &why, t->verify.keyring, who, err);
	hgt_buf_release(&status);
	hgt_buf_release(&why);
	return code;
}

static int check_file(const struct hgt_agent_target *t, const char *file, const char *folder, const struct hgt_buf *payload,
	const struct hgt_buf *signature, int stop_fd, struct hgt_buf *who, struct hgt_error *err)
{
	bool ssh = strncmp(signature->data, "-----BEGIN SSH SIGNATURE-----", 29) == 0;
	bool openpgp = strncmp(signature->data, "-----BEGIN PGP SIGNATURE-----", 29) == 0;

	if (ssh && t->verify.allowed_signers)
		return check_ssh(t, file, payload, stop_fd, who, err);
	if (openpgp && t->verify.keyring)
		return check_openpgp(t, file, folder, payload, stop_fd, who, err);
	if (ssh || openpgp)
		return hgt_error_set(err, HGT_EPERM, "it is signed by an %s key, and verify has no %s", ssh ? "SSH" : "OpenPGP",
			ssh ? "allowed_signers" : "keyring");
	return hgt_error_set(err, HGT_EPERM, "its signature is of a kind that is not known here: SSH and OpenPGP are");
}

int signature_check(const struct hgt_agent_target *target, const char *folder, const struct hgt_buf *payload,
	const struct hgt_buf *signature, int stop_fd, struct hgt_buf *who, struct hgt_error *err)
{
	struct hgt_buf file = HGT_BUF_INIT;
	int code;

	if (signature->len == 0)
		return hgt_error_set(err, HGT_EPERM, "it is not signed");
	hgt_buf_addf(&file, "%s/signature", folder);
	code = hgt_buf_check(&file, err);
	if (code == 0)
		code = hgt_write_file(file.data, signature->data, signature->len, 0600, err);
	if (code == 0) {
		code = check_file(target, file.data, folder, payload, signature, stop_fd, who, err);
		unlink(file.data);
	}
	hgt_buf_release(&file);
	return code;
}
