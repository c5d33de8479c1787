/* What git and ssh say: progress, what became of a ref, causes, and what must not be told. */
#include "mirror/words.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void reads_progress(void **state)
{
	static const struct {
		const char *line, *phase;
		unsigned percent;
		uint64_t objects, total, bytes;
	} cases[] = {
		{"Enumerating objects: 10, done.", "enumerating", 0, 10, 0, 0},
		{"Counting objects:  20% (2/10)", "counting", 20, 2, 10, 0},
		{"Writing objects: 100% (10/10), 627 bytes | 627.00 KiB/s, done.", "sending", 100, 10, 10, 627},
		{"Writing objects:  50% (5/10), 1.50 MiB | 3.00 MiB/s", "sending", 50, 5, 10, 1572864},
		{"Receiving objects:   7% (70/1000), 2.00 GiB | 1.00 MiB/s", "receiving", 7, 70, 1000, 2147483648},
		{"remote: Compressing objects: 100% (3/3), done.        ", "compressing", 100, 3, 3, 0},
		{"Resolving deltas:   0% (0/5)", "resolving", 0, 0, 5, 0},
		{"Writing objects: 50% (5/10), 1.5e MiB", "sending", 50, 5, 10, 0},
		{"Writing objects: x", NULL, 0, 0, 0, 0}, {"Writing objects: 500% (5/1)", NULL, 0, 0, 0, 0},
		{"Writing objects: 50% (5/", NULL, 0, 0, 0, 0}, {"fatal: no", NULL, 0, 0, 0, 0}, {"", NULL, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_progress got = {0};

		assert_int_equal(hgt_words_progress(cases[i].line, strlen(cases[i].line), &got), cases[i].phase != NULL);
		if (!cases[i].phase)
			continue;
		assert_string_equal(got.phase, cases[i].phase);
		assert_int_equal(got.percent, cases[i].percent);
		assert_int_equal(got.objects, cases[i].objects);
		assert_int_equal(got.total, cases[i].total);
		assert_int_equal(got.bytes, cases[i].bytes);
	}
}

static void reads_what_became_of_a_ref(void **state)
{
	static const struct {
		const char *line, *ref, *why;
		enum hgt_pushed what;
	} cases[] = {
		{"*\tabc^{object}:refs/heads/main\t[new branch]", "refs/heads/main", "", HGT_PUSHED_DONE},
		{" \tabc:refs/heads/x\t09a93f2..e986c94", "refs/heads/x", "", HGT_PUSHED_DONE},
		{"+\tabc:refs/heads/x\t94965ea...e986c94 (forced update)", "refs/heads/x", "", HGT_PUSHED_DONE},
		{"-\t:refs/tags/t2\t[deleted]", "refs/tags/t2", "", HGT_PUSHED_DONE},
		{"=\tabc:refs/heads/x\t[up to date]", "refs/heads/x", "", HGT_PUSHED_SAME},
		{"!\tabc:refs/heads/main\t[rejected] (stale info)", "refs/heads/main", "stale info", HGT_PUSHED_OVERTAKEN},
		{"!\tabc:refs/heads/main\t[rejected] (fetch first)", "refs/heads/main", "fetch first", HGT_PUSHED_OVERTAKEN},
		{"!\tabc:refs/heads/upd\t[remote rejected] (hook declined)", "refs/heads/upd", "hook declined", HGT_PUSHED_REFUSED},
		{"!\tabc:refs/heads/bad\t[remote rejected] (pre-receive hook declined)", "refs/heads/bad", "pre-receive hook declined", HGT_PUSHED_REFUSED_ALL},
		{"!\tabc:refs/heads/b\t[remote rejected] (protected (by us))", "refs/heads/b", "protected (by us)", HGT_PUSHED_REFUSED},
		{"!\tabc:refs/heads/b\t[remote rejected] (unpacker error)", "refs/heads/b", "unpacker error", HGT_PUSHED_LOST},
		{"!\tabc:refs/heads/b\t[remote rejected] (failed to update ref)", "refs/heads/b", "failed to update ref", HGT_PUSHED_OVERTAKEN},
		{"!\tabc:refs/heads/b\t[remote rejected]", "refs/heads/b", "", HGT_PUSHED_REFUSED},
		{"!\tabc:refs/heads/b\t[remote failure] (remote failed to report status)", "refs/heads/b", "remote failed to report status", HGT_PUSHED_LOST},
		{"!\tabc:refs/heads/b\t", "refs/heads/b", "", HGT_PUSHED_LOST},
		{"To /tmp/x", NULL, "", HGT_PUSHED_DONE}, {"Done", NULL, "", HGT_PUSHED_DONE}, {"", NULL, "", HGT_PUSHED_DONE},
		{"*\tabc\t[new branch]", NULL, "", HGT_PUSHED_DONE}, {"*\tabc:\t[new branch]", NULL, "", HGT_PUSHED_DONE},
		{"?\tabc:refs/heads/x\tx", NULL, "", HGT_PUSHED_DONE},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_push_line got = {0};

		assert_int_equal(hgt_words_pushed(cases[i].line, strlen(cases[i].line), &got), cases[i].ref != NULL);
		if (!cases[i].ref)
			continue;
		assert_int_equal(got.what, cases[i].what);
		assert_int_equal(got.ref_len, strlen(cases[i].ref));
		assert_memory_equal(got.ref, cases[i].ref, got.ref_len);
		assert_int_equal(got.why_len, strlen(cases[i].why));
		assert_memory_equal(got.why, cases[i].why, got.why_len);
	}
}

#define END "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n"

static void finds_causes_and_gists(void **state)
{
	static const struct {
		const char *said, *gist;
		enum hgt_cause cause;
	} cases[] = {
		{"", "", HGT_CAUSE_OTHER},
		{"ssh: connect to host 127.0.0.1 port 1: Connection refused\n" END, "ssh: connect to host 127.0.0.1 port 1: Connection refused", HGT_CAUSE_AWAY},
		{"ssh: Could not resolve hostname nowhere.invalid: Name or service not known\n" END,
			"ssh: Could not resolve hostname nowhere.invalid: Name or service not known", HGT_CAUSE_NAME},
		{"@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.\n" END, "Host key verification failed",
			HGT_CAUSE_HOST_KEY_CHANGED},
		{"No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.\n" END,
			"Host key verification failed", HGT_CAUSE_HOST_KEY_UNKNOWN},
		{"git@h: Permission denied (publickey).\n" END, "git@h: Permission denied (publickey)", HGT_CAUSE_KEY_REFUSED},
		{"fatal: '/tmp/none.git' does not appear to be a git repository\n" END, "'/tmp/none.git' does not appear to be a git repository",
			HGT_CAUSE_NOT_FOUND},
		{"fatal: the receiving end does not support this repository's hash algorithm\nfatal: the remote end hung up unexpectedly\n",
			"the receiving end does not support this repository's hash algorithm", HGT_CAUSE_OBJECT_FORMAT},
		{"remote: fatal: write error: No space left on device        \nerror: remote unpack failed: index-pack abnormal exit\n",
			"write error: No space left on device", HGT_CAUSE_DISK_THERE},
		{"error: remote unpack failed: unable to create temporary object directory\nerror: failed to push some refs to 'x'\n",
			"remote unpack failed: unable to create temporary object directory", HGT_CAUSE_OTHER},
		{"fatal: write error: No space left on device\n", "write error: No space left on device", HGT_CAUSE_DISK_HERE},
		{"remote: Permission denied (by our hook)        \nerror: failed to push some refs to 'x'\n", "Permission denied (by our hook)", HGT_CAUSE_OTHER},
		{"remote: no Connection refused here\nerror: failed to push some refs to 'x'\n", "no Connection refused here", HGT_CAUSE_OTHER},
		{"fatal: unable to access 'http://h/x/': The requested URL returned error: 403\n",
			"unable to access 'http://h/x/': The requested URL returned error: 403", HGT_CAUSE_FORBIDDEN},
		{"fatal: repository 'http://h/x/' not found\n", "repository 'http://h/x/' not found", HGT_CAUSE_NOT_FOUND},
		{"fatal: Authentication failed for 'http://h/x/'\n", "Authentication failed for 'http://h/x/'", HGT_CAUSE_CREDENTIALS},
		{"error: dst refspec refs/heads/ok matches more than one\nerror: failed to push some refs to 'x'\n",
			"dst refspec refs/heads/ok matches more than one", HGT_CAUSE_AMBIGUOUS_NAME},
		{"hint: x\nwarning: y\n", "", HGT_CAUSE_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf gist = HGT_BUF_INIT;

		if (hgt_words_cause(cases[i].said) != cases[i].cause)
			fail_msg("%s: %d", cases[i].said, hgt_words_cause(cases[i].said));
		hgt_words_gist(cases[i].said, &gist);
		assert_string_equal(gist.data, cases[i].gist);
		hgt_buf_release(&gist);
	}
}

static void hides_secrets(void **state)
{
	static const char file[] = "https://alice:p%40ss%2Fword@h.example\nhttps://0123456789abcdefghij@h\n# x\nhttps://bob:ab@h\nnonsense\nhttp://h/a@b";
	static const struct {
		const char *text, *is;
	} cases[] = {
		{"plain alice", "plain alice"},
		{"p@ss/word and p%40ss%2Fword", "[hidden] and [hidden]"},
		{"token 0123456789abcdefghij!", "token [hidden]!"},
		{"Basic YWxpY2U6cEBzcy93b3Jk", "Basic [hidden]"},
		{"to https://x:y@h/z and ssh://git@h:22/z", "to https://[hidden]@h/z and ssh://git@h:22/z"},
		{"ab", "ab"},
		{"", ""},
		{"://", "://"},
	};
	struct hgt_hidden hidden = HGT_HIDDEN_INIT;

	(void)state;
	assert_int_equal(hgt_hidden_read(&hidden, file, sizeof(file) - 1, NULL), 0);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		hgt_words_hide(&hidden, cases[i].text, strlen(cases[i].text), &out);
		assert_string_equal(out.data, cases[i].is);
		hgt_buf_release(&out);
	}
	hgt_hidden_release(&hidden);
	for (long n = 1;; n++) {
		int code;

		fail_alloc_at(n);
		code = hgt_hidden_read(&hidden, file, sizeof(file) - 1, NULL);
		hgt_hidden_release(&hidden);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_progress),
		cmocka_unit_test(reads_what_became_of_a_ref),
		cmocka_unit_test(finds_causes_and_gists),
		cmocka_unit_test(hides_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
