/* Numbers of the process, by the names that Prometheus' own client libraries give them. */
#include <dirent.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "daemon/metrics_parts.h"

enum { STAT_FIRST = 3, STAT_THREADS = 20, STAT_START = 22, STAT_SIZE = 23, STAT_RSS = 24 };	/* fields, as proc_pid_stat(5) counts */

struct process_stat {
	uint64_t threads, start_ticks, bytes, pages;
};

static bool read_stat(struct process_stat *out)
{
	struct hgt_buf text = HGT_BUF_INIT;
	bool well = hgt_read_file("/proc/self/stat", 4096, &text, NULL) == 0;
	/* The program's name may hold anything; what follows its last bracket does not. */
	char *at = well ? strrchr(text.data, ')') : NULL;

	well = at && at[1] == ' ';
	at = well ? at + 2 : NULL;
	for (int field = STAT_FIRST; well && field <= STAT_RSS; field++) {
		uint64_t value = strtoull(at, NULL, 10);

		if (field == STAT_THREADS)
			out->threads = value;
		else if (field == STAT_START)
			out->start_ticks = value;
		else if (field == STAT_SIZE)
			out->bytes = value;
		else if (field == STAT_RSS)
			out->pages = value;
		at = strchr(at, ' ');
		well = at != NULL;
		at = at ? at + 1 : NULL;
	}
	hgt_buf_release(&text);
	return well;
}

static uint64_t count_descriptors(void)
{
	struct stat st;
	uint64_t n = 0;
	DIR *dir;

	/* Since Linux 6.2 the folder's size is their number; before that it is 0. */
	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		return (uint64_t)st.st_size;
	dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n > 3 ? n - 3 : 0;	/* ".", "..", and the one that reads */
}

static int64_t to_us(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * 1000000 + tv->tv_usec;
}

/* When the process began, in microseconds since 1970: ticks count from the boot. */
static int64_t start_us(uint64_t ticks)
{
	struct timespec now, boot;
	const int64_t hz = sysconf(_SC_CLK_TCK);

	if (clock_gettime(CLOCK_REALTIME, &now) < 0 || clock_gettime(CLOCK_BOOTTIME, &boot) < 0 || hz <= 0)
		return 0;
	return (int64_t)(now.tv_sec - boot.tv_sec) * 1000000 + (now.tv_nsec - boot.tv_nsec) / 1000 +
		(int64_t)(ticks * 1000000 / (uint64_t)hz);
}

static void write_build(struct hgt_metrics *m)
{
	hgt_metrics_family(m, "headgate_build_info", HGT_METRIC_GAUGE, "1, and in its labels which build this is.");
	hgt_metrics_uint(m, HGT_LABELS("version", HGT_VERSION), 1);
}

void metrics_process(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct process_stat st = {0};
	struct rlimit limit;
	struct rusage used;

	(void)daemon;
	write_build(m);
	if (getrusage(RUSAGE_SELF, &used) == 0) {
		hgt_metrics_family(m, "process_cpu_seconds_total", HGT_METRIC_COUNTER, "Processor time used, user and system.");
		hgt_metrics_micro(m, HGT_NO_LABELS, to_us(&used.ru_utime) + to_us(&used.ru_stime));
	}
	metrics_gauge(m, "process_open_fds", "Descriptors that are open.", count_descriptors());
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		metrics_gauge(m, "process_max_fds", "Descriptors that may be open.", limit.rlim_cur);
	if (!read_stat(&st))
		return;
	metrics_gauge(m, "process_resident_memory_bytes", "Memory that is resident.", st.pages * (uint64_t)sysconf(_SC_PAGESIZE));
	metrics_gauge(m, "process_virtual_memory_bytes", "Address space.", st.bytes);
	metrics_gauge(m, "process_threads", "Threads.", st.threads);
	hgt_metrics_family(m, "process_start_time_seconds", HGT_METRIC_GAUGE, "When the process began, in seconds since 1970.");
	hgt_metrics_micro(m, HGT_NO_LABELS, start_us(st.start_ticks));
}
