/* GET /metrics. */
#include "base/metrics_text.h"
#include "daemon/api.h"
#include "daemon/metrics.h"

void api_metrics(struct request *request)
{
	struct hgt_buf body = HGT_BUF_INIT;

	metrics_write(request->daemon, &body);
	request_reply_bytes(request, body.failed ? 503 : 200, HGT_METRICS_TYPE, body.data, body.failed ? 0 : body.len);
	hgt_buf_release(&body);
}
