/* lib/journal: how the log is moved into the database while the writer goes on. */
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/thread.h"
#include "journal/log_mover.h"
#include "tests/unit/journal_rig.h"
#include "tests/unit/unit.h"

static struct hgt_log_mover *mover_for(const char *path)
{
	struct hgt_log_mover *mover = NULL;
	struct hgt_error err = {0};

	journal_well(hgt_log_mover_open(path, &mover, &err), &err);
	return mover;
}

static struct hgt_journal_log log_of(struct hgt_journal *j)
{
	struct hgt_journal_log log;

	hgt_journal_get_log(j, &log);
	assert_true(log.pages > 0);
	return log;
}

/* Move what the last commit has left; pages that somebody keeps back. */
static unsigned moved(struct hgt_log_mover *mover, struct hgt_journal *j)
{
	const struct hgt_journal_log log = log_of(j);
	struct hgt_error err = {0};

	journal_well(hgt_log_mover_move(mover, &log, &err), &err);
	assert_int_equal(hgt_log_mover_left(mover, &log), 0);
	return hgt_log_mover_held(mover, &log);
}

/* A reader that stays where it is keeps the log from being moved; when it goes, the log is small again. */
static void a_reader_holds_the_log_back(void **state)
{
	char *path = unit_path(*state, "journal.db"), *log = unit_path(*state, "journal.db-wal");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_log_mover *mover = mover_for(path);
	unsigned held = 0;
	struct stat st;
	sqlite3 *db;

	journal_rows(j, 10, NULL, 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM events", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 40; i++) {
		journal_rows(j, 50, NULL, 4000);
		held = moved(mover, j);
	}
	assert_true(held > 2000);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 40; i++) {
		journal_rows(j, 50, NULL, 4000);
		held = moved(mover, j);
	}
	assert_int_equal(held, 0);
	assert_int_equal(stat(log, &st), 0);
	assert_true(st.st_size <= 8 << 20);
	sqlite3_close(db);
	hgt_log_mover_close(mover);
	hgt_journal_close(j);
	free(path);
	free(log);
}

/* SQLite's way to files, with a gate before what is written to a database, and a count of what is asked of the index of a log. */
static struct {
	sqlite3_vfs vfs, *below;
	sqlite3_io_methods methods;
	const sqlite3_io_methods *real;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool shut, reached;
	atomic_uint looks;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};

static int gated_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	pthread_mutex_lock(&gate.lock);
	gate.reached = gate.shut;
	pthread_cond_broadcast(&gate.change);
	while (gate.shut)
		pthread_cond_wait(&gate.change, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
	return gate.real->xWrite(file, data, len, at);
}

static int counted_lock(sqlite3_file *file, int at, int n, int flags)
{
	atomic_fetch_add(&gate.looks, 1);
	return gate.real->xShmLock(file, at, n, flags);
}

static int gated_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int rc = gate.below->xOpen(gate.below, name, file, flags, out);

	(void)vfs;
	if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) && file->pMethods != &gate.methods) {
		gate.real = file->pMethods;
		gate.methods = *file->pMethods;
		gate.methods.xWrite = gated_write;
		gate.methods.xShmLock = counted_lock;
		file->pMethods = &gate.methods;
	}
	return rc;
}

static int gate_up(void **state)
{
	gate.below = sqlite3_vfs_find(NULL);
	gate.vfs = *gate.below;
	gate.vfs.zName = "gated";
	gate.vfs.xOpen = gated_open;
	gate.shut = gate.reached = false;
	return sqlite3_vfs_register(&gate.vfs, 1) == SQLITE_OK ? unit_folder_make(state) : -1;
}

static int gate_down(void **state)
{
	sqlite3_vfs_unregister(&gate.vfs);
	return unit_folder_remove(state);
}

static void set_gate(bool shut)
{
	pthread_mutex_lock(&gate.lock);
	gate.shut = shut;
	pthread_cond_broadcast(&gate.change);
	pthread_mutex_unlock(&gate.lock);
}

static void until_reached(void)
{
	pthread_mutex_lock(&gate.lock);
	while (!gate.reached)
		pthread_cond_wait(&gate.change, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

struct to_move {
	struct hgt_log_mover *mover;
	struct hgt_journal_log log;
	int code;
};

static void *move_it(void *arg)
{
	struct to_move *job = arg;

	job->code = hgt_log_mover_move(job->mover, &job->log, NULL);
	return NULL;
}

/* However long the disk takes for it. */
static void commits_go_on_while_the_log_is_moved(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct to_move job = {.mover = mover_for(path)};
	struct hgt_journal_log log;
	pthread_t thread;

	journal_rows(j, 50, NULL, 4000);
	job.log = log_of(j);
	set_gate(true);
	assert_int_equal(hgt_thread_start(&thread, 256 * 1024, move_it, &job), 0);
	until_reached();
	for (int i = 0; i < 30; i++)
		journal_rows(j, 5, NULL, 1000);
	log = log_of(j);
	/* What has not been moved is still in the log. */
	assert_true(log.round == job.log.round && log.pages > job.log.pages);
	set_gate(false);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(job.code, 0);
	assert_int_equal(hgt_log_mover_left(job.mover, &log), log.pages - job.log.pages);
	journal_rows(j, 1, NULL, 0);
	assert_int_equal(moved(job.mover, j), 0);
	/* Empty, it is begun anew. */
	journal_rows(j, 1, NULL, 0);
	assert_true(log_of(j).round != log.round && log_of(j).pages < log.pages);
	hgt_log_mover_close(job.mover);
	hgt_journal_close(j);
	assert_int_equal(journal_verified(path), 202);
	free(path);
}

/* What could meet the writer as it begins the log anew is never begun: see log_mover.h. */
static void an_empty_log_is_not_looked_at(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_log_mover *mover = mover_for(path);
	struct hgt_journal_log log, none = {0};
	unsigned looks;

	for (int i = 0; i < 3; i++) {
		journal_rows(j, 3, NULL, 4000);
		log = log_of(j);
		assert_int_equal(hgt_log_mover_left(mover, &log), log.pages);
		assert_int_equal(moved(mover, j), 0);
		looks = atomic_load(&gate.looks);
		assert_int_equal(hgt_log_mover_move(mover, &log, NULL), 0);
		assert_int_equal(hgt_log_mover_move(mover, &none, NULL), 0);
		assert_int_equal(atomic_load(&gate.looks), looks);
	}
	hgt_log_mover_close(mover);
	hgt_journal_close(j);
	assert_int_equal(journal_verified(path), 9);
	free(path);
}

struct both {
	struct hgt_log_mover *mover;
	pthread_mutex_t lock;
	struct hgt_journal_log log;
	unsigned told;
	atomic_uint seen;	/* `told` of what has been moved */
	atomic_bool over;
	unsigned moves;
	int code;
};

static void *move_all(void *arg)
{
	struct both *both = arg;

	while (!atomic_load(&both->over)) {
		struct hgt_journal_log log;
		unsigned told;

		pthread_mutex_lock(&both->lock);
		log = both->log;
		told = both->told;
		pthread_mutex_unlock(&both->lock);
		both->moves += hgt_log_mover_left(both->mover, &log) > 0;
		both->code = hgt_log_mover_move(both->mover, &log, NULL);
		if (both->code < 0)
			atomic_store(&both->over, true);
		atomic_store(&both->seen, told);
	}
	return NULL;
}

/* A writer and a mover that meet as often as they can: rounds end all the time, since the writer pauses now and then, and nothing
 * is lost. */
static void writer_and_mover_meet(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct both both = {.mover = mover_for(path), .lock = PTHREAD_MUTEX_INITIALIZER};
	unsigned rounds = 0;
	pthread_t thread;

	assert_int_equal(hgt_thread_start(&thread, 256 * 1024, move_all, &both), 0);
	for (int i = 0; i < 400; i++) {
		struct hgt_journal_log log;

		journal_rows(j, 1 + i % 3, NULL, i % 5 * 1000);
		log = log_of(j);
		pthread_mutex_lock(&both.lock);
		rounds += log.round != both.log.round;
		both.log = log;
		both.told++;
		pthread_mutex_unlock(&both.lock);
		while (i % 4 == 0 && atomic_load(&both.seen) != both.told && !atomic_load(&both.over))
			sched_yield();
	}
	atomic_store(&both.over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(both.code, 0);
	printf("%u moves, %u rounds of the log\n", both.moves, rounds);
	assert_true(rounds > 50 && both.moves >= rounds - 1);
	assert_int_equal(journal_number(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
	hgt_log_mover_close(both.mover);
	hgt_journal_close(j);
	assert_int_equal(journal_verified(path), 799);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reader_holds_the_log_back, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(commits_go_on_while_the_log_is_moved, gate_up, gate_down),
		cmocka_unit_test_setup_teardown(an_empty_log_is_not_looked_at, gate_up, gate_down),
		cmocka_unit_test_setup_teardown(writer_and_mover_meet, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
