/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_stream.c - what comes in a stream, and what a proxy answers, may be anything.
 *
 * The first byte says how the rest is cut into pieces: however that is, the same frames come out.
 */
#include "tests/fuzz/fuzz.h"

#include "host/frames.h"
#include "host/proxy.h"

#include <string.h>

struct outcome {
	unsigned frames;
	uint32_t sum;
	int end; /* the error that ended it, or 0 */
};

static struct outcome
cut(const uint8_t *p, size_t len, size_t piece)
{
	static struct frame_in f;
	struct outcome o = { 0 };

	memset(&f, 0, sizeof(f));
	for (size_t at = 0; at < len && o.end == 0;) {
		int n = frame_take(&f, p + at, len - at < piece ? len - at : piece);

		if (n < 0) {
			o.end = n;
			break;
		}
		assert(n > 0 && f.have <= FRAME_HEAD + FRAME_BODY_MAX);
		at += (size_t)n;
		if (!frame_whole(&f))
			continue;
		for (uint32_t i = 0; i < f.len; i++)
			o.sum = o.sum * 31 + f.body[i];
		o.frames++;
		frame_next(&f);
	}
	return o;
}

static struct proxy_answer
answer(const char *p, size_t len, size_t piece, int *end)
{
	struct proxy_answer a = { 0 };

	*end = 0;
	for (size_t at = 0; at < len && !a.over && *end == 0;) {
		int n = proxy_answer_take(&a, p + at, len - at < piece ? len - at : piece);

		if (n < 0)
			*end = n;
		else
			at += (size_t)n;
		assert(strlen(a.line) < sizeof(a.line) && (!a.over || a.status <= 999));
	}
	return a;
}

/* What is taken is asked for in a request that fits. */
static void
read_setting(const uint8_t *p, size_t len)
{
	char text[512], request[PROXY_REQUEST_MAX];
	struct proxy proxy;

	if (len >= sizeof(text))
		return;
	memcpy(text, p, len);
	text[len] = '\0';
	if (proxy_parse(&proxy, text, NULL) == 0)
		assert(proxy_request(request, &proxy, proxy.host, proxy.port) < sizeof(request));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, pieces;
	struct proxy_answer one, other;
	int end, other_end;
	size_t piece;

	if (size < 1)
		return 0;
	piece = 1 + data[0];
	whole = cut(data + 1, size - 1, size);
	pieces = cut(data + 1, size - 1, piece);
	assert(memcmp(&whole, &pieces, sizeof(whole)) == 0);
	one = answer((const char *)data + 1, size - 1, size, &end);
	other = answer((const char *)data + 1, size - 1, piece, &other_end);
	assert(end == other_end && one.over == other.over && one.status == other.status);
	read_setting(data + 1, size - 1);
	return 0;
}
