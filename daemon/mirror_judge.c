/* Why a run of git failed, as one sentence that says the way out. */
#include "daemon/mirror.h"
#include "mirror/remote.h"
#include "mirror/words.h"

static int judge_cause(const struct turn *turn, enum hgt_cause cause, const char *host, struct hgt_error *err)
{
	const struct hgt_config_mirror *mirror = turn->mirror;
	const char *known = mirror->known_hosts_file ? mirror->known_hosts_file : "the account's known_hosts";
	const char *key = mirror->identity_file ? mirror->identity_file : "the account's key";
	const char *url = turn->url;

	switch (cause) {
	case HGT_CAUSE_HOST_KEY_CHANGED:
		return hgt_error_set(err, HGT_EPERM, "%s shows another host key than the one that is known; if it was changed on purpose, "
			"put the new one into %s", host, known);
	case HGT_CAUSE_HOST_KEY_UNKNOWN:
		return hgt_error_set(err, HGT_EPERM, "the host key of %s is not known; put it into %s, once it is certain that it is the "
			"right one (ssh-keyscan)", host, known);
	case HGT_CAUSE_KEY_FILE:
		return hgt_error_set(err, HGT_EPERM, "ssh does not use %s; it has to be there, a private key without a passphrase, and "
			"readable by its owner alone (chmod 0600)", key);
	case HGT_CAUSE_KEY_REFUSED:
		return hgt_error_set(err, HGT_EPERM, "%s does not take %s; let it in there (authorized_keys, or a deploy key that may "
			"write)", host, key);
	case HGT_CAUSE_CREDENTIALS:
		if (!mirror->credentials_file)
			return hgt_error_set(err, HGT_EPERM, "%s asks for credentials; name a file that has them as credentials_file", host);
		return hgt_error_set(err, HGT_EPERM, "%s does not take the credentials in %s; put others there", host,
			mirror->credentials_file);
	case HGT_CAUSE_FORBIDDEN:
		return hgt_error_set(err, HGT_EPERM, "%s forbids this to whom it knows us as; give that user the right there", host);
	case HGT_CAUSE_CERTIFICATE:
		return hgt_error_set(err, HGT_EPERM, "the certificate of %s does not hold; have its authority installed here, or mend it "
			"there", host);
	case HGT_CAUSE_NAME:
		return hgt_error_set(err, HGT_EUNAVAILABLE, "the name %s is not found", host);
	case HGT_CAUSE_AWAY:
		return hgt_error_set(err, HGT_EUNAVAILABLE, "%s cannot be reached", host);
	case HGT_CAUSE_NOT_FOUND:
		return hgt_error_set(err, HGT_ENOENT, "there is no repository at %s, or we may not see it; make it there (git init "
			"--bare)", url);
	case HGT_CAUSE_OBJECT_FORMAT:
		return hgt_error_set(err, HGT_EUNSUPPORTED, "the repository at %s has SHA-256 objects; make one of SHA-1 there", url);
	case HGT_CAUSE_DISK_THERE:
		return hgt_error_set(err, HGT_EIO, "the disk of %s is full", host);
	case HGT_CAUSE_DISK_HERE:
		return hgt_error_set(err, HGT_EIO, "a disk is full, here or at %s", url);
	case HGT_CAUSE_READ_ONLY:
		return hgt_error_set(err, HGT_EIO, "a file system is mounted read-only, here or at %s", url);
	case HGT_CAUSE_CORRUPT_HERE:
		return hgt_error_set(err, HGT_ECORRUPT, "an object of a repository cannot be read; git fsck says which");
	case HGT_CAUSE_CORRUPT_THERE:
		return hgt_error_set(err, HGT_EIO, "the repository at %s could not take in what it was sent; it has no disk, memory or "
			"right left, or an object there is damaged (git fsck)", url);
	case HGT_CAUSE_OWNER_HERE:
		return hgt_error_set(err, HGT_EPERM, "git does not trust a repository of another user's; name it as safe.directory in the "
			"account's git config");
	case HGT_CAUSE_OWNER_THERE:
		return hgt_error_set(err, HGT_EPERM, "git at %s does not trust the repository, which is another user's; name it as "
			"safe.directory there", url);
	case HGT_CAUSE_AMBIGUOUS_NAME:
		return hgt_error_set(err, HGT_ECONFLICT, "the repository at %s has refs below refs/heads/refs/ or refs/tags/refs/, which "
			"git takes for others; rename them there", url);
	case HGT_CAUSE_OTHER:
		break;
	}
	return 0;
}

static void judge_exit(const struct turn *turn, const struct child_end *end, const char *said, struct hgt_error *err)
{
	struct hgt_buf host = HGT_BUF_INIT, gist = HGT_BUF_INIT;
	int code = hgt_remote_host(turn->url, &host, NULL);

	hgt_words_gist(said, &gist);
	if (code == 0)
		code = judge_cause(turn, hgt_words_cause(said), host.len ? host.data : turn->url, err);
	if (code == 0 && gist.len && !gist.failed)
		hgt_error_set(err, HGT_EUNAVAILABLE, "git: %s", gist.data);
	else if (code == 0)
		hgt_error_set(err, HGT_EUNAVAILABLE, "git ended with status %d and said nothing", end->status);
	hgt_buf_release(&host);
	hgt_buf_release(&gist);
}

void mirror_git_judge(const struct turn *turn, const struct child_end *end, const char *said, struct hgt_error *err)
{
	if (end->timed_out)
		hgt_error_set(err, HGT_ETIMEOUT, "git was ended: it took longer than %us, or nothing moved for %us (timeout, silence)",
			turn->mirror->timeout, turn->mirror->silence);
	else if (end->stopped)
		hgt_error_set(err, HGT_EUNAVAILABLE, "git was ended, since nothing more is to be begun");
	else if (end->status == CHILD_NOT_FOUND)
		hgt_error_set(err, HGT_ENOENT, "git is not there: install it");
	else if (end->status > 128 && end->status <= 128 + 64 && !*said)
		hgt_error_set(err, HGT_EUNAVAILABLE, "git was killed by signal %d", end->status - 128);
	else
		judge_exit(turn, end, said, err);
}
