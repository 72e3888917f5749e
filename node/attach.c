/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attach.c - programs that use the node's device.
 */
#include "node/attach.h"

#include "host/body.h"
#include "node/shell.h"

void
attach_show(const struct node *n, json_t *body)
{
	if (n->netns.holder > 0)
		body_number(body, "namespace", (uint64_t)n->netns.holder);
	if (n->attach.transient)
		body_flag(body, "transient", true);
	body_number(body, "attached", n->attach.count);
}

static uint64_t *
place_of(struct attach *a, uint64_t client)
{
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		if (a->clients[i] == client)
			return &a->clients[i];
	return NULL;
}

int
attach_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	uint64_t *place = place_of(&n->attach, r->client);

	(void)err;
	if (!place) {
		place = place_of(&n->attach, 0);
		assert(place);
		*place = r->client;
		n->attach.count++;
	}
	if (n->attach.ticking)
		uv_timer_stop(&n->attach.timer);
	*ret = body_new(1);
	body_text(*ret, "name", n->me.cert.name);
	body_text(*ret, "interface", n->tun.name);
	attach_show(n, *ret);
	return 0;
}

/* Does the node end with that? */
static bool
leave(struct node *n, uint64_t client)
{
	uint64_t *place = place_of(&n->attach, client);

	if (!place)
		return false;
	*place = 0;
	n->attach.count--;
	if (n->attach.count > 0 || !n->attach.transient)
		return false;
	node_stop(n);
	return true;
}

static void
on_gone(void *ctx, uint64_t client)
{
	runners_gone(ctx, client);
	(void)leave(ctx, client);
}

int
detach_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	(void)err;
	*ret = body_new(1);
	body_flag(*ret, "ends", leave(ctx, r->client));
	return 0;
}

static void
on_nobody(uv_timer_t *timer)
{
	node_stop(timer->data);
}

int
attach_watch(struct node *n, struct err *err)
{
	struct attach *a = &n->attach;
	int rc;

	n->ctl.on_gone = on_gone;
	if (!a->transient)
		return 0;
	rc = uv_timer_init(&n->loop.uv, &a->timer);
	a->timer.data = n;
	a->ticking = rc == 0;
	if (rc == 0)
		rc = uv_timer_start(&a->timer, on_nobody, ATTACH_WAIT_MS, 0);
	return rc < 0 ? err_set(err, rc, "cannot wait for programs: %s", uv_strerror(rc)) : 0;
}

void
attach_close(struct node *n)
{
	n->ctl.on_gone = NULL;
	if (n->attach.ticking)
		uv_close((uv_handle_t *)&n->attach.timer, NULL);
	n->attach.ticking = false;
}
