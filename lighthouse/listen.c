/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * listen.c - listening, and handing over what comes.
 */
#include "lighthouse/listen.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "core/tlskey.h"

static void
on_frames(void *ctx, struct packet *packets, size_t n)
{
	struct lighthouse *l = ctx;

	if (l->beacon == NULL)
		return;
	beacon_from_net(l->beacon, clock_now(), packets, n, &l->out);
	lighthouse_settle(l);
}

static void
on_told(void *ctx)
{
	struct lighthouse *l = ctx;

	if (l->beacon != NULL)
		lighthouse_settle(l);
}

bool
listen_told(struct lighthouse *l)
{
	struct tls_told told;

	if (!tls_pool_told(&l->streams, &told))
		return false;
	beacon_stream_ended(l->beacon, clock_now(), told.id, &l->out);
	return true;
}

int
listen_configure(struct lighthouse *l, struct err *err)
{
	char value[SETTING_VALUE_MAX];
	int rc = setting_get(&l->store.settings, setting_find(lighthouse_settings, "tcp", NULL),
	    value, err);

	l->tcp_port = rc < 0 ? 0 : (uint16_t)strtoul(value, NULL, 10); /* "no" is 0 */
	l->tcp_asked = rc == 1;
	return rc < 0 ? rc : 0;
}

/* A context for the key that our certificate names; NULL without a sentence: it names none. */
static struct ssl_ctx_st *
context(const struct lighthouse *l, struct err *err)
{
	uint8_t seed[32], pin[32];
	struct ssl_ctx_st *ctx;

	tlskey_pin(pin, l->bundle.key);
	if (memcmp(pin, l->me.cert.tls_pin, sizeof(pin)) != 0) {
		err_set(err, ERR_UNKNOWN, "the certificate of %s names no TLS key; its next one "
		    "will (`mpynet sign %s --replace`)", l->me.cert.name, l->me.cert.name);
		return NULL;
	}
	tlskey_seed(seed, l->bundle.key);
	ctx = tls_server_new(seed, err);
	crypto_wipe(seed, sizeof(seed));
	return ctx;
}

int
listen_open(struct lighthouse *l, struct err *err)
{
	struct ssl_ctx_st *ctx;
	int rc;

	if (l->tcp_port == 0)
		return 0;
	ctx = context(l, &l->tcp_trouble);
	rc = tls_pool_init(&l->streams, &l->loop.uv, ctx, TLS_SERVER_MAX, l, on_frames, on_told,
	    err);
	if (rc < 0 || ctx == NULL)
		return rc;
	rc = tls_pool_listen(&l->streams, l->tcp_port, &l->only, &l->tcp_trouble);
	if (rc < 0 && l->tcp_asked)
		return err_set(err, rc, "%s", l->tcp_trouble.text);
	return 0;
}

int
listen_watch(struct lighthouse *l, struct err *err)
{
	if (l->tcp_trouble.text[0] != '\0')
		log_line(&l->log, TRACE_NOTICE, "members whose networks block UDP do not reach us: "
		    "%s", l->tcp_trouble.text);
	else if (l->tcp_port != 0)
		log_line(&l->log, TRACE_NOTICE, "%s listens on TCP port %u", l->me.cert.name,
		    l->tcp_port);
	return tls_pool_watch(&l->streams, err);
}

int
listen_renew(struct lighthouse *l, struct err *err)
{
	struct ssl_ctx_st *ctx;

	if (l->streams.loop == NULL)
		return 0;
	tls_pool_clear(&l->streams);
	ctx = context(l, err);
	tls_pool_renew(&l->streams, ctx);
	return 0;
}
