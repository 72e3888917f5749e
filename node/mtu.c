/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mtu.c - the search for the largest packet, up and down a ladder.
 */
#include "node/mtu.h"

#include <string.h>

/*
 * With sealing and the headers of UDP and IP: Ethernet (1420), PPPoE or a relay over Ethernet
 * (1392), tunnels (1360), the least of IPv6 (1200), and down to the least of IPv4.
 */
static const uint32_t ladder[] = { 512, 768, 1024, 1200, MTU_BASE, 1360, 1392, MTU_MAX };
enum { BASE = 4, TOP = ARRAY_LEN(ladder) - 1 };

void
mtu_init(struct mtu *m)
{
	memset(m, 0, sizeof(*m));
	m->rung = BASE;
}

uint32_t
mtu_size(const struct mtu *m)
{
	return ladder[m->rung];
}

void
mtu_sent(struct mtu *m, usec_t now, size_t len)
{
	if (m->rung > 0 && len > ladder[m->rung - 1])
		m->large_at = now;
}

/* When what was proved is to be confirmed; 0: not at all. */
static usec_t
confirm_due(const struct mtu *m, const struct mtu_path *path)
{
	if (m->large_at > m->confirmed_at)
		return m->confirmed_at + MTU_CONFIRM_EVERY;
	return path->busy ? m->confirmed_at + MTU_AGAIN : 0;
}

/* When the next larger size may be tried; 0: not at all. */
static usec_t
raise_due(const struct mtu *m, const struct mtu_path *path)
{
	if (m->rung == TOP || (!path->busy && m->again_at != 0))
		return 0;
	return max_u64(m->again_at, 1);
}

/* When the next probe may go while none is under way. */
static usec_t
probe_due(const struct mtu *m, const struct mtu_path *path)
{
	if (!m->proved)
		return max_u64(m->again_at, 1);
	return due_min(confirm_due(m, path), raise_due(m, path));
}

/* The present size does not pass: the base may, and where that does not, a smaller one. */
static void
fall(struct mtu *m, usec_t now)
{
	m->lost = 0;
	m->refused = 0;
	m->proved = false;
	m->again_at = 0;
	if (m->rung > BASE)
		m->rung = BASE;
	else if (m->rung > 0)
		m->rung--;
	else
		m->again_at = now + MTU_AGAIN;
}

/* The probe under way has had its time. Where nothing else was heard either, it says nothing. */
static void
judge(struct mtu *m, usec_t now, const struct mtu_path *path)
{
	m->txid = 0;
	if (path->heard_at <= m->asked_at)
		return;
	if (m->asked > m->rung && ++m->refused >= MTU_PROBES)
		m->again_at = now + MTU_AGAIN;
	else if (m->asked == m->rung && ++m->lost >= MTU_PROBES)
		fall(m, now);
}

uint32_t
mtu_tick(struct mtu *m, usec_t now, const struct mtu_path *path)
{
	if (m->txid != 0 && now - m->asked_at < path->patience)
		return 0;
	if (m->txid != 0)
		judge(m, now, path);
	if (!due_reached(probe_due(m, path), now))
		return 0;
	m->asked = m->rung;
	if (m->proved && !due_reached(confirm_due(m, path), now))
		m->asked++;
	return ladder[m->asked];
}

usec_t
mtu_due(const struct mtu *m, const struct mtu_path *path)
{
	return m->txid != 0 ? m->asked_at + path->patience : probe_due(m, path);
}

void
mtu_asked(struct mtu *m, usec_t now, uint32_t len, uint64_t txid)
{
	assert(len == ladder[m->asked]);
	m->asked_at = now;
	m->txid = txid;
}

bool
mtu_answered(struct mtu *m, usec_t now, uint64_t txid)
{
	if (txid == 0 || txid != m->txid)
		return false;
	m->txid = 0;
	if (m->asked > m->rung) {
		m->refused = 0;
		m->again_at = 0;
	}
	m->rung = m->asked;
	m->proved = true;
	m->lost = 0;
	m->confirmed_at = now;
	return true;
}

void
mtu_doubt(struct mtu *m)
{
	m->confirmed_at = 0;
}
