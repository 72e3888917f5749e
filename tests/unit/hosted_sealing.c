/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Threads that seal and open beside one engine, as ThreadSanitizer sees it: the engine is a lock
 * and two ends of a session that is replaced all the time.
 */
#include "core/session.h"

#include <pthread.h>

#include "core/bytes.h"
#include "tests/unit/test.h"

#define NOW	 (1000 * USEC_PER_SEC)
#define THREADS	 3
#define ROUNDS	 400
#define PACKETS	 16
#define ROOM	 (DATA_HEADER + 1500 + SESSION_TAILROOM)

static struct {
	pthread_mutex_t lock;
	struct deferral deferral;
	struct session here, there;
	uint8_t key;	/* of which the keys are made */
	unsigned ends;	/* sessions that were replaced */
} engine = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct thread {
	pthread_t id;
	unsigned number;
	unsigned arrived, late, wrong;
};

static void
begin_session(void)
{
	struct noise_keys k = { .local_index = 1, .remote_index = 2, .initiator = true };
	struct noise_keys r = { .local_index = 2, .remote_index = 1 };

	memset(k.send, engine.key++, sizeof(k.send));
	memcpy(k.receive, k.send, sizeof(k.receive));
	memcpy(r.send, k.send, sizeof(r.send));
	memcpy(r.receive, k.send, sizeof(r.receive));
	session_init(&engine.here, &k, NOW, 0);
	session_init(&engine.there, &r, NOW, 0);
	if (session_defer(&engine.here, &k, &engine.deferral) < 0 ||
	    session_defer(&engine.there, &r, &engine.deferral) < 0)
		abort();
}

static void
end_session(void)
{
	session_wipe(&engine.here);
	session_wipe(&engine.there);
	engine.ends++;
}

static void
enter(struct sealing *s)
{
	pthread_mutex_lock(&engine.lock);
	engine.deferral.here = s;
}

static void
leave(void)
{
	engine.deferral.here = NULL;
	pthread_mutex_unlock(&engine.lock);
}

/* Seals some packets and opens them again; now and then the session ends in between. */
static void
go_round(struct thread *t, struct sealing *s, int round)
{
	uint8_t room[PACKETS][ROOM];
	int len[PACKETS];

	enter(s);
	for (int i = 0; i < PACKETS; i++) {
		memset(room[i] + DATA_HEADER, i, 1200);
		len[i] = session_seal(&engine.here, NOW, room[i] + DATA_HEADER, 1200);
	}
	if (round % 10 == (int)t->number) { /* with what is under way */
		end_session();
		begin_session();
	}
	leave();
	sealing_run(s);

	enter(s);
	for (int i = 0; i < PACKETS; i++)
		sealing_expect(s, engine.there.keys, room[i], (size_t)len[i]);
	leave();
	sealing_open(s);
	enter(s);
	for (int i = 0; i < PACKETS; i++) {
		int rc = session_open(&engine.there, NOW, room[i], (size_t)len[i]);

		t->arrived += rc == 1200;
		t->late += rc == ERR_AUTH; /* sealed in a session that has ended */
		t->wrong += rc != ERR_AUTH && (rc != 1200 || room[i][DATA_HEADER + 1199] != i);
	}
	leave();
	sealing_done(s);
}

static void *
work(void *arg)
{
	struct thread *t = arg;
	struct sealing s;

	if (sealing_init(&s, t->number, PACKETS, PACKETS) < 0)
		abort();
	for (int i = 0; i < ROUNDS; i++)
		go_round(t, &s, i);
	sealing_free(&s);
	return NULL;
}

TEST(threads_seal_and_open_beside_one_engine)
{
	struct thread t[THREADS] = { 0 };
	unsigned arrived = 0, late = 0, wrong = 0;

	engine.deferral.threads = THREADS;
	begin_session();
	for (unsigned i = 0; i < THREADS; i++) {
		t[i].number = i;
		ASSERT_EQ(pthread_create(&t[i].id, NULL, work, &t[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(t[i].id, NULL);
		arrived += t[i].arrived;
		late += t[i].late;
		wrong += t[i].wrong;
	}
	end_session();
	ASSERT_EQ(wrong, 0);
	ASSERT_EQ(arrived + late, THREADS * ROUNDS * PACKETS);
	ASSERT(arrived > 0 && engine.ends > THREADS * ROUNDS / 10);
}

TEST(keys_go_with_their_last_pin)
{
	static const uint8_t key[32] = { 1 };
	struct keyring *k = keyring_new(key, key, 1);

	ASSERT(k != NULL);
	keyring_pin(k);
	keyring_unpin(k);
	keyring_unpin(k); /* what it held is seen by the sanitizer of leaks */
	keyring_unpin(NULL);
}
