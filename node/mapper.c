/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mapper.c - the shell of portmap.c: what it wants done becomes packets and jobs.
 */
#include "node/mapper.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/crypto.h"
#include "host/loop.h"
#include "host/sockaddr.h"

#define V4 0
#define V6 1

static const uint8_t families[MAPPER_FAMILIES] = { FAMILY_V4, FAMILY_V6 };

/* An address of the Internet, to which nothing is sent: it shows which of ours would be used. */
static const char *const afar[MAPPER_FAMILIES] = { "192.0.0.1:9", "[2001:4860::1]:9" };

/*
 * The network
 */

/* Our address towards `to`. */
static struct ip
source_towards(const struct addr *to)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ss, to);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct addr self = { 0 };

	if (fd >= 0 && connect(fd, (struct sockaddr *)&ss, len) == 0) {
		len = sizeof(ss);
		if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
			self = addr_from_sockaddr(&ss);
	}
	if (fd >= 0)
		close(fd);
	return addr_ip(&self);
}

/*
 * A socket for questions in PCP: on the port to which routers announce that they were restarted, if
 * nobody else has it.
 */
static int
open_socket(uint8_t family)
{
	int fd = socket(family == FAMILY_V4 ? AF_INET : AF_INET6,
	    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct addr local = { .family = family, .port = PCP_CLIENT_PORT };
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ss, &local);
	int on = 1;

	if (fd < 0)
		return -1;
	if (family == FAMILY_V6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	(void)!bind(fd, (struct sockaddr *)&ss, len); /* else any port, at the first question */
	return fd;
}

/* The gateway's port for questions. */
static struct addr
server(const struct mapper *m, size_t f)
{
	struct addr at = addr_from_ip(m->gateway[f].ip, PCP_SERVER_PORT);

	if (addr_class(&at) == ADDR_CLASS_LINK_LOCAL)
		at.scope = m->gateway[f].ifindex;
	return at;
}

/* A request has to come from the address that it names. */
static void
send_pcp(struct mapper *m, size_t f)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = { 0 };
	struct addr to = server(m, f);
	struct sockaddr_storage ss;
	uint8_t request[PCP_REQUEST_LEN];
	struct iovec iov = { request, sizeof(request) };
	struct msghdr msg = {
		.msg_name = &ss,
		.msg_namelen = addr_to_sockaddr(&ss, &to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
	};
	struct in_pktinfo four = { 0 };
	struct in6_pktinfo six = { .ipi6_ifindex = m->gateway[f].ifindex };
	size_t len = f == V4 ? sizeof(four) : sizeof(six);
	struct cmsghdr *c;

	portmap_request(&m->map[f], request);
	memcpy(&four.ipi_spec_dst, m->map[f].self.b, sizeof(four.ipi_spec_dst));
	memcpy(&six.ipi6_addr, m->map[f].self.b, sizeof(six.ipi6_addr));
	msg.msg_controllen = CMSG_SPACE(len);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = f == V4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = f == V4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), f == V4 ? (void *)&four : (void *)&six, len);
	(void)!sendmsg(m->fd[f], &msg, 0);
}

/*
 * UPnP's jobs
 */

static void
map_by_upnp(struct mapper_job *j, usec_t deadline)
{
	struct ip external;

	j->rc = igd_external(&j->igd, &external, deadline);
	if (j->rc < 0)
		return;
	for (size_t i = 0; i < MAPPER_PORTS; i++) {
		j->grant.lifetime = PORTMAP_LIFETIME;
		j->rc = igd_map(&j->igd, j->self, j->internal, j->ports[i], &j->grant.lifetime,
		    deadline);
		if (j->rc == ERR_CONFLICT)
			continue;
		j->grant.external = addr_from_ip(external, j->ports[i]);
		return;
	}
}

static void
on_thread(uv_work_t *work)
{
	struct mapper_job *j = CONTAINER_OF(work, struct mapper_job, work);
	usec_t deadline = clock_now().mono + MAPPER_JOB_TIME;

	if (j->what == PORTMAP_FIND_UPNP)
		j->rc = igd_find(&j->igd, j->gateway, j->self, deadline);
	else if (j->what == PORTMAP_MAP_UPNP)
		map_by_upnp(j, deadline);
	else
		j->rc = igd_unmap(&j->igd, j->ports[0], deadline);
}

/* What the end of a job, or an answer, leads to. */
static void work_on(struct mapper *m);

/* A mapping that nobody wants any more. */
static void
drop_granted(const struct mapper_job *j)
{
	(void)!igd_unmap(&j->igd, j->grant.external.port, clock_now().mono + MAPPER_LAST_TIME);
}

static void
on_job(uv_work_t *work, int status)
{
	struct mapper_job *j = CONTAINER_OF(work, struct mapper_job, work);
	struct mapper *m = CONTAINER_OF(j, struct mapper, job);
	bool done = status == 0 && j->rc == 0;
	usec_t now = clock_now().mono;
	unsigned what = j->what;

	j->what = 0;
	if (m->closed) {
		if (what == PORTMAP_MAP_UPNP && done)
			drop_granted(j);
		return;
	}
	if (j->network == m->network && what == PORTMAP_FIND_UPNP) {
		m->igd = j->igd;
		portmap_found_upnp(&m->map[V4], now, done);
	} else if (j->network == m->network && what == PORTMAP_MAP_UPNP) {
		portmap_heard_upnp(&m->map[V4], now, done ? &j->grant : NULL);
	}
	work_on(m);
}

/* The ports to be tried: the one that we had or have, then others. */
static void
choose_ports(struct mapper *m, struct mapper_job *j)
{
	j->ports[0] = m->map[V4].suggested.port;
	for (size_t i = 1; i < MAPPER_PORTS; i++)
		j->ports[i] = (uint16_t)(1024 + rng_below(&m->rng, 65536 - 1024));
}

/* The next job, if none is in hand. */
static void
begin_job(struct mapper *m)
{
	struct mapper_job *j = &m->job;

	if (j->what != 0 || m->wanted == 0)
		return;
	*j = (struct mapper_job){
		.what = m->wanted & -m->wanted,
		.network = m->network,
		.gateway = m->map[V4].gateway,
		.self = m->map[V4].self,
		.internal = m->map[V4].port,
		.igd = m->igd,
		.rc = -ECANCELED,
	};
	m->wanted &= ~j->what;
	choose_ports(m, j);
	if (uv_queue_work(m->loop, &j->work, on_thread, on_job) < 0)
		j->what = 0;
}

/*
 * What the machines want
 */

static void
on_natpmp(void *ctx, const struct natpmp_answer *answer)
{
	struct mapper *m = ctx;
	struct portmap_grant grant;

	if (answer)
		grant = (struct portmap_grant){
			.external = answer->external,
			.lifetime = answer->lifetime,
			.epoch = answer->epoch,
		};
	portmap_heard_natpmp(&m->map[V4], clock_now().mono, answer ? &grant : NULL);
	work_on(m);
}

static void
ask_natpmp(struct mapper *m)
{
	struct portmap *p = &m->map[V4];

	if (natpmp_ask(&m->natpmp, m->loop, p->gateway, p->port, p->suggested.port,
		PORTMAP_LIFETIME, m, on_natpmp) < 0)
		portmap_heard_natpmp(p, clock_now().mono, NULL);
}

/* Does what both machines want, and goes on until they want nothing. */
static void
work_on(struct mapper *m)
{
	usec_t now = clock_now().mono;
	bool changed = false;

	for (size_t f = 0; f < MAPPER_FAMILIES; f++) {
		unsigned work = portmap_tick(&m->map[f], now);

		if (work & PORTMAP_SEND_PCP)
			send_pcp(m, f);
		if (work & PORTMAP_ASK_NATPMP)
			ask_natpmp(m);
		m->wanted |= work & (PORTMAP_FIND_UPNP | PORTMAP_MAP_UPNP | PORTMAP_DROP_UPNP);
		changed |= (work & PORTMAP_CHANGED) != 0;
	}
	/* Another method was faster: the library need not ask any more. */
	if (m->map[V4].state == PORTMAP_HELD && m->map[V4].held.method != MAPPING_NATPMP)
		natpmp_stop(&m->natpmp);
	begin_job(m);
	m->on_work(m->ctx, changed);
}

/* From the gateway, as an answer or as an announcement. */
static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct mapper *m = poll->data;
	size_t f = poll == &m->poll[V6];
	uint8_t msg[PCP_LEN_MAX + 1];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	ssize_t n;

	(void)status;
	(void)events;
	while ((n = recvfrom(m->fd[f], msg, sizeof(msg), 0, (struct sockaddr *)&ss, &len)) >= 0) {
		struct addr from = addr_from_sockaddr(&ss);

		len = sizeof(ss);
		if (from.port == PCP_SERVER_PORT && ip_equal(addr_ip(&from), m->gateway[f].ip))
			(void)!portmap_heard_pcp(&m->map[f], clock_now().mono, msg, (size_t)n);
	}
	work_on(m);
}

/*
 * Outside
 */

void
mapper_open(struct mapper *m, uv_loop_t *loop, struct net *net, uint32_t except,
    const struct rng *rng, const uint8_t secret[static 32], void *ctx,
    void (*on_work)(void *ctx, bool changed))
{
	*m = (struct mapper){
		.rng = *rng,
		.net = net,
		.except = except,
		.loop = loop,
		.ctx = ctx,
		.on_work = on_work,
	};
	for (size_t f = 0; f < MAPPER_FAMILIES; f++) {
		portmap_init(&m->map[f], rng, secret);
		m->fd[f] = open_socket(families[f]);
		if (m->fd[f] < 0 || uv_poll_init(loop, &m->poll[f], m->fd[f]) < 0)
			continue;
		m->poll[f].data = m;
		m->watching[f] = true;
		(void)uv_poll_start(&m->poll[f], UV_READABLE, on_readable);
	}
}

/* What one machine held. */
static void
give_back(struct mapper *m, size_t f)
{
	struct mapper_job drop = {
		.igd = m->igd,
		.grant = { .external = m->map[f].suggested },
	};
	unsigned work = portmap_end(&m->map[f]);

	if (work & PORTMAP_SEND_PCP)
		send_pcp(m, f);
	if (work & PORTMAP_ASK_NATPMP)
		natpmp_release(m->map[f].gateway, m->map[f].port);
	if (work & PORTMAP_DROP_UPNP)
		drop_granted(&drop);
}

static void
begin(struct mapper *m, size_t f, bool on, uint16_t port, usec_t now)
{
	struct net_gateway all[NET_GATEWAYS_MAX], gateway = { 0 };
	struct addr to;
	struct ip self = { 0 };

	if (on && port != 0 && m->watching[f] &&
	    net_gateways(m->net, families[f], m->except, all, NULL) > 0 &&
	    addr_parse(&to, afar[f], 0) == 0) {
		gateway = all[0];
		self = source_towards(&to);
	}
	/* What an IPv6 address of this site's own could be reached at, nobody outside knows. */
	if (f == V6 && ip_class(self) != ADDR_CLASS_PUBLIC)
		self = (struct ip){ 0 };
	if (self.family == FAMILY_NONE)
		gateway = (struct net_gateway){ 0 };
	if (f == V4 && (!ip_equal(gateway.ip, m->gateway[f].ip) || !ip_equal(self, m->map[f].self))) {
		m->network++;
		natpmp_stop(&m->natpmp);
	}
	m->gateway[f] = gateway;
	portmap_begin(&m->map[f], now, gateway.ip, self, port);
	portmap_again(&m->map[f], now);
}

void
mapper_network(struct mapper *m, bool on, const uint16_t port[static MAPPER_FAMILIES])
{
	usec_t now = clock_now().mono;

	for (size_t f = 0; f < MAPPER_FAMILIES; f++) {
		if (m->on && !on)
			give_back(m, f);
		begin(m, f, on, port[f], now);
	}
	m->on = on;
	work_on(m);
}

void
mapper_again(struct mapper *m)
{
	usec_t now = clock_now().mono;

	for (size_t f = 0; f < MAPPER_FAMILIES; f++)
		portmap_again(&m->map[f], now);
	work_on(m);
}

void
mapper_tick(struct mapper *m)
{
	natpmp_tick(&m->natpmp);
	work_on(m);
}

usec_t
mapper_due(const struct mapper *m)
{
	usec_t due = natpmp_due(&m->natpmp);

	for (size_t f = 0; f < MAPPER_FAMILIES; f++)
		due = due_min(due, portmap_due(&m->map[f]));
	return due;
}

size_t
mapper_mappings(const struct mapper *m, struct mapping ret[static MAPPER_FAMILIES])
{
	size_t n = 0;

	for (size_t f = 0; f < MAPPER_FAMILIES; f++)
		n += portmap_mapping(&m->map[f], &ret[n]);
	return n;
}

const char *
mapper_state_word(const struct mapper *m)
{
	static const char *const words[] = {
		[PORTMAP_OFF] = "off",
		[PORTMAP_ASKING] = "asking",
		[PORTMAP_RESTING] = "none",
		[PORTMAP_HELD] = "held",
	};

	return words[m->map[V4].state];
}

void
mapper_close(struct mapper *m)
{
	if (m->closed || !m->loop)
		return;
	m->closed = true;
	if (m->job.what != 0)
		(void)uv_cancel((uv_req_t *)&m->job.work);
	natpmp_stop(&m->natpmp);
	for (size_t f = 0; f < MAPPER_FAMILIES; f++) {
		give_back(m, f);
		if (m->watching[f])
			uv_close((uv_handle_t *)&m->poll[f], NULL);
		if (m->fd[f] >= 0)
			close(m->fd[f]);
		portmap_wipe(&m->map[f]);
	}
}
