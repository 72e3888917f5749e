/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dial.c - to whom, and by which proxy.
 */
#include "node/dial.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void
on_frames(void *ctx, struct packet *packets, size_t count)
{
	struct node *n = ctx;

	if (n->mesh == NULL)
		return;
	mesh_from_net(n->mesh, clock_now(), packets, count, &n->out);
	node_settle(n);
}

static void
on_told(void *ctx)
{
	struct node *n = ctx;

	if (n->mesh != NULL)
		node_settle(n);
}

int
dial_init(struct node *n, struct err *err)
{
	struct ssl_ctx_st *ctx = tls_client_new(err);

	if (ctx == NULL)
		return -ENOMEM;
	return tls_pool_init(&n->streams, &n->loop.uv, ctx, TLS_CLIENT_MAX, n, on_frames, on_told,
	    err);
}

/* The first host name that the bundle has for the lighthouse `name`; empty: only addresses. */
static void
name_of(const struct node *n, const char *name, char to[static PROXY_HOST_MAX])
{
	const struct bundle *b = &n->bundle;
	struct addr at;
	struct cert cert;

	to[0] = '\0';
	for (uint32_t i = 0; i < b->lighthouse_count; i++) {
		const struct bundle_lighthouse *l = &b->lighthouses[i];

		if (cert_decode(&cert, l->cert.bytes, l->cert.len, NULL) < 0 ||
		    strcmp(cert.name, name) != 0)
			continue;
		for (uint32_t k = 0; k < l->endpoint_count && to[0] == '\0'; k++)
			if (!endpoint_is_addr(&at, l->endpoints[k]))
				snprintf(to, PROXY_HOST_MAX, "%.*s",
				    (int)(strrchr(l->endpoints[k], ':') - l->endpoints[k]),
				    l->endpoints[k]);
	}
}

static void
open_stream(struct node *n, const struct stream_change *c)
{
	char setting[SETTING_VALUE_MAX], host[PROXY_HOST_MAX], text[ADDR_TEXT_MAX];
	struct proxy proxy;
	struct err err;
	int rc = setting_get(&n->store.settings, setting_find(node_settings, "proxy", NULL),
	    setting, &err);

	name_of(n, c->lighthouse, host);
	if (host[0] == '\0' && c->to.family != FAMILY_NONE)
		snprintf(host, sizeof(host), "%s", ip_format(text, addr_ip(&c->to)));
	if (rc >= 0)
		rc = proxy_for(&proxy, setting, host, &err);
	if (rc < 0) {
		log_line(&n->log, TRACE_WARNING, "%s", err.text);
		tls_pool_refuse(&n->streams, c->id, STREAM_PROXY_FAILED);
		return;
	}
	tls_pool_open(&n->streams, c, host, &proxy);
	sodium_memzero(&proxy, sizeof(proxy));
}

void
dial_change(struct node *n, const struct stream_change *c)
{
	if (c->open)
		open_stream(n, c);
	else
		tls_pool_close(&n->streams, c->id);
}

bool
dial_told(struct node *n)
{
	struct tls_told told;

	if (n->streams.trouble[0] != '\0') {
		if (strcmp(n->streams.trouble, n->trouble_said) != 0)
			log_line(&n->log, TRACE_WARNING, "%s", n->streams.trouble);
		strcpy(n->trouble_said, n->streams.trouble);
		n->streams.trouble[0] = '\0';
	}
	if (!tls_pool_told(&n->streams, &told))
		return false;
	mesh_stream_changed(n->mesh, clock_now(), told.id, told.news, &n->out);
	return true;
}
