/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * portmap.c - has the default gateway pass a port on to us, and keeps it so.
 */
#include "node/portmap.h"

#include "core/crypto.h"

/* RFC 6887, 14.1.3: all clients hear an announcement at once, and do not answer it at once. */
#define RECOVERY_SPREAD (5 * USEC_PER_SEC)

void
portmap_init(struct portmap *p, const struct rng *rng, const uint8_t secret[static 32])
{
	*p = (struct portmap){ .rng = *rng };
	memcpy(p->secret, secret, sizeof(p->secret));
}

void
portmap_wipe(struct portmap *p)
{
	crypto_wipe(p, sizeof(*p));
}

/*
 * The nonce says that a mapping is ours, so a node that was killed has to have the same one when it
 * comes back: the router would refuse it its own port until the lease is over.
 */
static void
make_nonce(struct portmap *p)
{
	struct ip ends[2] = { p->gateway, p->self };
	uint8_t port[2];

	put_be16(port, p->port);
	crypto_blake2b(p->nonce, sizeof(p->nonce), p->secret, sizeof(p->secret), ends, sizeof(ends),
	    port, sizeof(port));
}

static void
begin_round(struct portmap *p, usec_t now)
{
	bool v4 = p->gateway.family == FAMILY_V4;

	p->state = PORTMAP_ASKING;
	p->round_began = now;
	p->pcp = TRY_NOT_YET;
	p->natpmp = p->upnp = v4 ? TRY_NOT_YET : TRY_FAILED;
	p->pcp_due = now;
	p->pcp_rt = PORTMAP_PCP_IRT;
	p->pcp_result = PCP_SUCCESS;
}

static void
let_go(struct portmap *p)
{
	if (p->held.method != 0)
		p->work |= PORTMAP_CHANGED;
	p->held = (struct mapping){ 0 };
	p->lease = (struct lease){ 0 };
}

void
portmap_begin(struct portmap *p, usec_t now, struct ip gateway, struct ip self, uint16_t port)
{
	if (ip_equal(p->gateway, gateway) && ip_equal(p->self, self) && p->port == port &&
	    p->state != PORTMAP_OFF)
		return;
	let_go(p);
	p->work &= PORTMAP_CHANGED;
	p->gateway = gateway;
	p->self = self;
	p->port = port;
	p->suggested = (struct addr){ .port = port };
	p->epoch = 0;
	p->again_at = 0;
	p->ending = false;
	p->state = PORTMAP_OFF;
	p->pcp = p->natpmp = p->upnp = TRY_NOT_YET;
	make_nonce(p);
	if (gateway.family != FAMILY_NONE && self.family == gateway.family)
		begin_round(p, now);
}

void
portmap_again(struct portmap *p, usec_t now)
{
	if (p->again_at != 0 && now - p->again_at < PORTMAP_AGAIN_EVERY)
		return;
	p->again_at = now;
	if (p->state == PORTMAP_HELD)
		p->lease.renew_due = now;
	else if (p->state == PORTMAP_RESTING)
		begin_round(p, now);
}

/*
 * What is granted
 */

static void
hold(struct portmap *p, usec_t now, enum mapping_method method, const struct portmap_grant *grant)
{
	uint32_t lifetime = grant->lifetime == 0 ? PORTMAP_LIFETIME : grant->lifetime;

	if (p->held.method != method || !addr_equal(&p->held.external, &grant->external))
		p->work |= PORTMAP_CHANGED;
	lifetime = (uint32_t)max_u64(lifetime, PORTMAP_LIFETIME_MIN);
	lifetime = (uint32_t)min_u64(lifetime, PORTMAP_LIFETIME_MAX);
	p->held = (struct mapping){
		.method = (uint8_t)method,
		.external = grant->external,
		.internal_port = p->port,
		.lifetime = grant->lifetime,
	};
	p->suggested = grant->external;
	p->state = PORTMAP_HELD;
	lease_grant(&p->lease, now, lifetime * USEC_PER_SEC, &p->rng);
}

/* A grant that names no place where anybody could send to is none. */
static bool
is_place(const struct portmap *p, const struct addr *external)
{
	enum addr_class c = addr_class(external);

	return external->family == p->gateway.family && external->port != 0 &&
	    (c == ADDR_CLASS_PUBLIC || c == ADDR_CLASS_PRIVATE);
}

/* May `method` be held: because it is already, or because nothing is? */
static bool
is_wanted(const struct portmap *p, enum mapping_method method)
{
	return p->state == PORTMAP_ASKING ||
	    (p->state == PORTMAP_HELD && p->held.method == method);
}

/* RFC 6887, 8.5: did the gateway's clock and ours go on at about the same pace? */
static bool
epoch_holds(struct portmap *p, usec_t now, uint32_t epoch)
{
	uint64_t ours = (now - p->epoch_at) / USEC_PER_SEC;
	uint64_t theirs = epoch >= p->epoch ? epoch - p->epoch : 0;
	bool holds = p->epoch_at == 0 ||
	    (epoch + UINT64_C(1) >= p->epoch && ours + 2 >= theirs - theirs / 16 &&
		theirs + 2 >= ours - ours / 16);

	p->epoch = epoch;
	p->epoch_at = now;
	return holds;
}

/* The gateway has begun a new life: what it had granted it has forgotten. */
static void
recover(struct portmap *p, usec_t now)
{
	usec_t soon = now + rng_below(&p->rng, RECOVERY_SPREAD);

	if (p->state == PORTMAP_HELD)
		p->lease.renew_due = due_min(p->lease.renew_due, soon);
	else if (p->state == PORTMAP_RESTING)
		p->rest_until = due_min(p->rest_until, soon);
}

/*
 * PCP and NAT-PMP
 */

void
portmap_request(const struct portmap *p, uint8_t ret[static PCP_REQUEST_LEN])
{
	struct pcp_map map = {
		.lifetime = p->ending ? 0 : PORTMAP_LIFETIME,
		.internal_port = p->port,
	};

	memcpy(map.nonce, p->nonce, sizeof(map.nonce));
	if (!p->ending)
		map.external = p->suggested;
	pcp_map_encode(ret, p->self, &map);
}

/* A gateway that speaks NAT-PMP only says so. */
static int
heard_other_version(struct portmap *p, usec_t now, const struct pcp_response *r)
{
	if (r->version != 0)
		return ERR_VERSION;
	if (r->opcode == PCP_ANNOUNCE && r->result == 0) {
		if (p->held.method == MAPPING_NATPMP && !epoch_holds(p, now, r->epoch))
			recover(p, now);
		return 0;
	}
	if (r->result != PCP_UNSUPP_VERSION || p->state != PORTMAP_ASKING || p->pcp != TRY_ASKED)
		return ERR_STATE;
	p->pcp = TRY_FAILED;
	p->pcp_result = PCP_UNSUPP_VERSION;
	return 0;
}

static void
refused(struct portmap *p, const struct pcp_response *r)
{
	p->pcp_result = r->result;
	/* What is held stays until it runs out: another renewal may fare better. */
	if (p->state == PORTMAP_ASKING)
		p->pcp = TRY_FAILED;
}

static int
heard_map(struct portmap *p, usec_t now, const struct pcp_response *r)
{
	struct portmap_grant grant = { .external = r->map.external, .lifetime = r->lifetime };

	if (!crypto_equal(r->map.nonce, p->nonce, sizeof(p->nonce)))
		return ERR_AUTH;
	if (r->map.internal_port != p->port)
		return ERR_UNKNOWN;
	if (!is_wanted(p, MAPPING_PCP))
		return ERR_STATE;
	(void)epoch_holds(p, now, r->epoch);
	if (r->result != PCP_SUCCESS || r->lifetime == 0 || !is_place(p, &grant.external))
		refused(p, r);
	else
		hold(p, now, MAPPING_PCP, &grant);
	return 0;
}

int
portmap_heard_pcp(struct portmap *p, usec_t now, const uint8_t *msg, size_t len)
{
	struct pcp_response r;
	int rc = pcp_response_decode(&r, msg, len);

	if (rc < 0)
		return rc;
	if (p->state == PORTMAP_OFF)
		return ERR_STATE;
	if (r.version != PCP_VERSION)
		return heard_other_version(p, now, &r);
	if (r.opcode == PCP_MAP)
		return heard_map(p, now, &r);
	if (r.result == PCP_SUCCESS && !epoch_holds(p, now, r.epoch))
		recover(p, now);
	return 0;
}

void
portmap_heard_natpmp(struct portmap *p, usec_t now, const struct portmap_grant *grant)
{
	if (!is_wanted(p, MAPPING_NATPMP))
		return;
	if (grant != NULL)
		(void)epoch_holds(p, now, grant->epoch);
	if (grant != NULL && grant->lifetime != 0 && is_place(p, &grant->external))
		hold(p, now, MAPPING_NATPMP, grant);
	else
		p->natpmp = TRY_FAILED;
}

/*
 * UPnP
 */

void
portmap_found_upnp(struct portmap *p, usec_t now, bool found)
{
	(void)now;
	if (p->state == PORTMAP_ASKING && p->upnp == TRY_ASKED)
		p->upnp = found ? TRY_FOUND : TRY_FAILED;
}

void
portmap_heard_upnp(struct portmap *p, usec_t now, const struct portmap_grant *grant)
{
	bool granted = grant != NULL && is_place(p, &grant->external);

	if (is_wanted(p, MAPPING_UPNP) && granted)
		hold(p, now, MAPPING_UPNP, grant);
	else if (p->state == PORTMAP_ASKING)
		p->upnp = TRY_FAILED;
	else if (granted && p->state == PORTMAP_HELD)
		p->work |= PORTMAP_DROP_UPNP; /* another one was faster */
}

/*
 * Time
 */

static void
send_pcp(struct portmap *p, usec_t now)
{
	p->work |= PORTMAP_SEND_PCP;
	p->pcp = TRY_ASKED;
	p->pcp_due = now + rng_jitter(&p->rng, p->pcp_rt);
	p->pcp_rt = min_u64(2 * p->pcp_rt, PORTMAP_PCP_MRT);
}

/* When NAT-PMP gets its turn, and UPnP: those before them have refused, or are slow. */
static usec_t
natpmp_due(const struct portmap *p)
{
	return p->round_began + (p->pcp == TRY_FAILED ? 0 : PORTMAP_PATIENCE);
}

static usec_t
upnp_due(const struct portmap *p)
{
	return p->natpmp == TRY_FAILED ? natpmp_due(p) : p->round_began + PORTMAP_PATIENCE;
}

/* When the round ends without success. */
static usec_t
round_due(const struct portmap *p)
{
	bool all = p->pcp == TRY_FAILED && p->natpmp == TRY_FAILED && p->upnp == TRY_FAILED;

	return p->round_began + (all ? 0 : PORTMAP_ROUND_MAX);
}

static void
ask(struct portmap *p, usec_t now)
{
	if (p->pcp != TRY_FAILED && due_reached(p->pcp_due, now))
		send_pcp(p, now);
	if (p->upnp == TRY_NOT_YET) {
		p->upnp = TRY_ASKED;
		p->work |= PORTMAP_FIND_UPNP;
	}
	if (p->natpmp == TRY_NOT_YET && now >= natpmp_due(p)) {
		p->natpmp = TRY_ASKED;
		p->work |= PORTMAP_ASK_NATPMP;
	}
	if (p->upnp == TRY_FOUND && now >= upnp_due(p)) {
		p->upnp = TRY_ASKED;
		p->work |= PORTMAP_MAP_UPNP;
	}
	if (now >= round_due(p)) {
		p->state = PORTMAP_RESTING;
		p->rest_until = now + rng_jitter(&p->rng, PORTMAP_REST);
	}
}

static void
renew(struct portmap *p, usec_t now)
{
	switch (p->held.method) {
	case MAPPING_PCP:
		p->work |= PORTMAP_SEND_PCP;
		break;
	case MAPPING_NATPMP:
		p->work |= PORTMAP_ASK_NATPMP;
		break;
	case MAPPING_UPNP:
		p->work |= PORTMAP_MAP_UPNP;
		break;
	}
	lease_asked(&p->lease, now, &p->rng);
}

unsigned
portmap_tick(struct portmap *p, usec_t now)
{
	unsigned work;

	if (p->state == PORTMAP_HELD && lease_over(&p->lease, now)) {
		let_go(p);
		begin_round(p, now);
	} else if (p->state == PORTMAP_RESTING && due_reached(p->rest_until, now)) {
		begin_round(p, now);
	}
	if (p->state == PORTMAP_HELD && due_reached(p->lease.renew_due, now))
		renew(p, now);
	else if (p->state == PORTMAP_ASKING)
		ask(p, now);
	work = p->work;
	p->work = 0;
	return work;
}

static usec_t
asking_due(const struct portmap *p)
{
	usec_t due = round_due(p);

	if (p->pcp != TRY_FAILED)
		due = due_min(due, p->pcp_due);
	if (p->natpmp == TRY_NOT_YET)
		due = due_min(due, natpmp_due(p));
	if (p->upnp == TRY_NOT_YET)
		due = due_min(due, p->round_began);
	if (p->upnp == TRY_FOUND)
		due = due_min(due, upnp_due(p));
	return due;
}

usec_t
portmap_due(const struct portmap *p)
{
	if (p->work != 0)
		return 1;
	switch (p->state) {
	case PORTMAP_OFF:
		return 0;
	case PORTMAP_ASKING:
		return asking_due(p);
	case PORTMAP_RESTING:
		return p->rest_until;
	case PORTMAP_HELD:
		return lease_due(&p->lease);
	}
	return 0;
}

unsigned
portmap_end(struct portmap *p)
{
	unsigned work = 0;

	p->ending = true;
	/* What was asked for and not answered may have been granted, or be granted yet. */
	if (p->held.method == MAPPING_PCP || p->pcp == TRY_ASKED)
		work |= PORTMAP_SEND_PCP;
	if (p->held.method == MAPPING_NATPMP)
		work |= PORTMAP_ASK_NATPMP;
	if (p->held.method == MAPPING_UPNP)
		work |= PORTMAP_DROP_UPNP;
	let_go(p);
	p->state = PORTMAP_OFF;
	p->work = PORTMAP_CHANGED;
	return work;
}

bool
portmap_mapping(const struct portmap *p, struct mapping *ret)
{
	if (p->held.method == 0)
		return false;
	*ret = p->held;
	return true;
}
