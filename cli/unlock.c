/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unlock.c - the authority's keys, for as long as one command needs them.
 */
#include "cli/unlock.h"

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define TRIES 3

void
passphrase_free(struct passphrase *p)
{
	sodium_free(p->text); /* wipes */
	p->text = NULL;
}

/* One line from `fd` without its end, byte by byte: what follows belongs to somebody else. */
static int
read_line(struct passphrase *p, int fd, struct err *e)
{
	p->len = 0;
	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR && !interrupt_seen())
			continue;
		if (n < 0)
			return err_set(e, -errno, "the passphrase cannot be read: %s",
			    err_phrase(-errno));
		if (n == 0 || c == '\n')
			break;
		if (p->len == PASSPHRASE_MAX)
			return err_set(e, -EINVAL, "a passphrase has at most %d characters",
			    PASSPHRASE_MAX);
		p->text[p->len++] = c;
	}
	p->text[p->len] = '\0';
	return 0;
}

/* Asks on the terminal. Its echo comes back also when the user interrupts. */
static int
ask(struct passphrase *p, int tty, const char *question, struct err *e)
{
	struct sigaction before;
	struct termios shown, hidden;
	int rc;

	if (tcgetattr(tty, &shown) < 0)
		return err_set(e, -errno, "the terminal does not answer: %s", err_phrase(-errno));
	sigaction(SIGINT, NULL, &before);
	interrupt_catch();
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	(void)tcsetattr(tty, TCSAFLUSH, &hidden);
	dprintf(tty, "%s: ", question);
	rc = read_line(p, tty, e);
	(void)tcsetattr(tty, TCSAFLUSH, &shown);
	dprintf(tty, "\n");
	sigaction(SIGINT, &before, NULL);
	if (interrupt_seen())
		return err_set(e, -EINTR, "interrupted");
	return rc;
}

static int
open_terminal(struct err *e)
{
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (tty < 0)
		return err_set(e, -EINVAL, "a passphrase is needed and there is no terminal to ask "
		    "on; give it on a file descriptor, as in --passphrase-fd 3 3<FILE");
	return tty;
}

/* The descriptor that --passphrase-fd names, or -1 when it was not given. */
static int
given_descriptor(int *ret, const struct args *a, struct err *e)
{
	const char *text = arg(a, "--passphrase-fd");
	uint64_t n;

	*ret = -1;
	if (text == NULL)
		return 0;
	if (text_u64(&n, text, 0, 65535) < 0)
		return err_set(e, -EINVAL, "--passphrase-fd takes the number of an open file "
		    "descriptor, as in --passphrase-fd 3 3<FILE");
	*ret = (int)n;
	if (fcntl(*ret, F_GETFD) < 0)
		return err_set(e, -EINVAL, "--passphrase-fd %d: no file is open there", *ret);
	return 0;
}

static int
passphrase_room(struct passphrase *p, struct err *e)
{
	*p = (struct passphrase){ NULL };
	if (sodium_init() < 0)
		return err_set(e, ERR_CRYPTO, "libsodium does not start");
	p->text = sodium_malloc(PASSPHRASE_MAX + 1);
	return p->text != NULL ? 0 : err_set(e, -ENOMEM, "there is no memory for a passphrase");
}

static int
ask_twice(struct passphrase *p, const char *what, struct err *e)
{
	struct passphrase again = { NULL };
	char question[64];
	int rc, tty = open_terminal(e);

	if (tty < 0)
		return tty;
	rc = passphrase_room(&again, e);
	(void)snprintf(question, sizeof(question), "New passphrase for the %s", what);
	if (rc == 0)
		rc = ask(p, tty, question, e);
	if (rc == 0)
		rc = ask(&again, tty, "The same again", e);
	if (rc == 0 && (p->len != again.len || memcmp(p->text, again.text, p->len) != 0))
		rc = err_set(e, -EINVAL, "the two passphrases differ; nothing was made");
	passphrase_free(&again);
	close(tty);
	return rc;
}

int
passphrase_choose(struct passphrase *ret, const char *what, const struct args *a, struct err *e)
{
	int fd, rc = given_descriptor(&fd, a, e);

	if (rc == 0)
		rc = passphrase_room(ret, e);
	if (rc < 0)
		return rc;
	rc = fd >= 0 ? read_line(ret, fd, e) : ask_twice(ret, what, e);
	if (rc == 0 && ret->len < PASSPHRASE_MIN)
		rc = err_set(e, -EINVAL, "a passphrase has at least %d characters; who opens the %s "
		    "is the network's authority", PASSPHRASE_MIN, what);
	if (rc < 0)
		passphrase_free(ret);
	return rc;
}

/* A line from `fd`, or when that is negative from who sits at the terminal. */
static int
read_or_ask(struct passphrase *ret, int fd, const char *question, struct err *e)
{
	int tty = fd < 0 ? open_terminal(e) : -1, rc;

	if (fd < 0 && tty < 0)
		return tty;
	rc = passphrase_room(ret, e);
	if (rc == 0)
		rc = fd >= 0 ? read_line(ret, fd, e) : ask(ret, tty, question, e);
	if (rc < 0)
		passphrase_free(ret);
	if (tty >= 0)
		close(tty);
	return rc;
}

int
secret_line(struct passphrase *ret, const char *question, struct err *e)
{
	return read_or_ask(ret, isatty(STDIN_FILENO) ? -1 : STDIN_FILENO, question, e);
}

int
passphrase_ask(struct passphrase *ret, const char *question, const struct args *a, struct err *e)
{
	int fd, rc = given_descriptor(&fd, a, e);

	return rc < 0 ? rc : read_or_ask(ret, fd, question, e);
}

struct keyfile_cost
passphrase_cost(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return keyfile_cost_for(pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0);
}

int
open_office(struct office *o, const struct context *c, struct err *e)
{
	int rc = office_open(o, c->state, e);

	if (rc == 0 && o->notice.text[0] != '\0')
		fprintf(stderr, "mpynet: %s\n", o->notice.text);
	return rc;
}

/* Unlocking, as work for a thread. */
struct attempt {
	const struct office *office;
	struct ca_keys *keys;
	const struct passphrase *passphrase;
	struct err *err;
};

static int
try_passphrase(void *arg_)
{
	struct attempt *t = arg_;

	return office_unlock(t->office, t->keys, t->passphrase->text, t->passphrase->len, t->err);
}

/* One passphrase, tried while a line is drawn. */
static int
attempt(struct ca_keys *keys, const struct office *o, const struct passphrase *p, struct err *e)
{
	struct attempt t = { o, keys, p, e };

	return progress_while("deriving the key from the passphrase", try_passphrase, &t);
}

static int
unlock_on_terminal(struct ca_keys *keys, const struct office *o, struct passphrase *p,
    struct err *e)
{
	char question[NAME_MAX_LEN + 32];
	int rc, tty = open_terminal(e);

	if (tty < 0)
		return tty;
	(void)snprintf(question, sizeof(question), "Passphrase of %s", o->ca.cert.name);
	for (int i = 1;; i++) {
		rc = ask(p, tty, question, e);
		if (rc == 0)
			rc = attempt(keys, o, p, e);
		if (rc != ERR_AUTH || i == TRIES)
			break;
		dprintf(tty, "%s; try again\n", e->text);
	}
	close(tty);
	return rc;
}

/* With the passphrase that the key needs, if it needs one. */
static int
unlock_with(struct ca_keys *keys, const struct office *o, struct passphrase *p, int fd,
    struct err *e)
{
	struct keyfile_cost cost;
	int rc = office_cost(o, &cost, e);

	if (rc < 0)
		return rc;
	if (cost.passes == 0)
		return attempt(keys, o, p, e);
	if (fd < 0)
		return unlock_on_terminal(keys, o, p, e);
	rc = read_line(p, fd, e);
	return rc < 0 ? rc : attempt(keys, o, p, e);
}

int
unlock_keys(struct ca_keys **ret, const struct office *o, const struct args *a, struct err *e)
{
	struct passphrase p;
	struct ca_keys *keys;
	int fd, rc = given_descriptor(&fd, a, e);

	if (rc == 0)
		rc = passphrase_room(&p, e);
	if (rc < 0)
		return rc;
	keys = sodium_malloc(sizeof(*keys));
	if (keys == NULL)
		rc = err_set(e, -ENOMEM, "there is no memory for the authority's key");
	else
		rc = unlock_with(keys, o, &p, fd, e);
	passphrase_free(&p);
	if (rc < 0)
		lock_keys(keys);
	else
		*ret = keys;
	return rc;
}

void
lock_keys(struct ca_keys *keys)
{
	sodium_free(keys); /* wipes */
}
