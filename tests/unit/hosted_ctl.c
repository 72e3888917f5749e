/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/ctl.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "host/loop.h"
#include "tests/unit/test.h"

/* A daemon that answers "echo" with the arguments, "twice" in two parts, and keeps "later". */
struct daemon {
	struct loop loop;
	struct ctl ctl;
	char path[64];
	uint64_t kept;
	int requests;
};

static void
on_request(void *ctx, const struct ctl_request *r)
{
	struct daemon *d = ctx;

	d->requests++;
	if (strcmp(r->verb, "echo") == 0) {
		ctl_answer(&d->ctl, r->client, r->id, json_deep_copy(r->args), false);
	} else if (strcmp(r->verb, "twice") == 0) {
		ctl_answer(&d->ctl, r->client, r->id, json_pack("{s:i}", "part", 1), true);
		ctl_answer(&d->ctl, r->client, r->id, json_pack("{s:i}", "part", 2), false);
	} else if (strcmp(r->verb, "later") == 0) {
		d->kept = r->client;
	} else {
		ctl_refuse(&d->ctl, r->client, r->id, CTL_USAGE, "no verb \"%s\"", r->verb);
	}
}

static void
on_due(void *ctx)
{
	(void)ctx;
}

static void
on_signal(void *ctx, int signum)
{
	(void)ctx;
	(void)signum;
}

static void
start(struct daemon *d)
{
	struct err err = { 0 };

	memset(d, 0, sizeof(*d));
	snprintf(d->path, sizeof(d->path), "/tmp/mpynet-ctl-%d", (int)getpid());
	ASSERT_EQ(loop_init(&d->loop, d, on_due, on_signal, &err), 0);
	ctl_init(&d->ctl, &d->loop.uv, d, on_request);
	ASSERT_EQ(ctl_listen(&d->ctl, d->path, 0600, &err), 0);
}

static void
stop(struct daemon *d)
{
	ctl_close(&d->ctl);
	loop_free(&d->loop);
	unlink(d->path);
}

static void
turn(struct daemon *d)
{
	for (int i = 0; i < 20; i++)
		uv_run(&d->loop.uv, UV_RUN_NOWAIT);
}

static int
dial(struct daemon *d)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(sun.sun_path, d->path, sizeof(d->path));
	ASSERT_EQ(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	turn(d);
	return fd;
}

/* Sends `text` and returns what came back. */
static const char *
ask(struct daemon *d, int fd, const char *text)
{
	static char answer[4096];
	ssize_t n;

	ASSERT_EQ(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	turn(d);
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	answer[n > 0 ? n : 0] = '\0';
	return answer;
}

TEST(an_answer_carries_the_number_of_its_request)
{
	struct daemon d;
	int fd;

	start(&d);
	fd = dial(&d);
	ASSERT_STR(ask(&d, fd, "{\"v\":1,\"id\":7,\"verb\":\"echo\",\"args\":{\"a\":[1]}}\n"),
	    "{\"v\":1,\"id\":7,\"body\":{\"a\":[1]}}\n");
	ASSERT_STR(ask(&d, fd, "{\"v\":1,\"id\":8,\"verb\":\"echo\"}\n"),
	    "{\"v\":1,\"id\":8,\"body\":{}}\n");
	close(fd);
	stop(&d);
}

TEST(requests_may_come_in_pieces_and_several_at_once)
{
	struct daemon d;
	int fd;

	start(&d);
	fd = dial(&d);
	ASSERT_STR(ask(&d, fd, "{\"v\":1,\"id\":1,"), "");
	ASSERT_STR(ask(&d, fd, "\"verb\":\"echo\"}\n{\"v\":1,\"id\":2,\"verb\":\"echo\"}\n{"),
	    "{\"v\":1,\"id\":1,\"body\":{}}\n{\"v\":1,\"id\":2,\"body\":{}}\n");
	close(fd);
	stop(&d);
}

TEST(an_answer_in_parts_says_that_more_follow)
{
	struct daemon d;
	int fd;

	start(&d);
	fd = dial(&d);
	ASSERT_STR(ask(&d, fd, "{\"v\":1,\"id\":3,\"verb\":\"twice\"}\n"),
	    "{\"v\":1,\"id\":3,\"body\":{\"part\":1},\"more\":true}\n"
	    "{\"v\":1,\"id\":3,\"body\":{\"part\":2}}\n");
	close(fd);
	stop(&d);
}

TEST(what_is_no_request_is_refused_in_a_sentence)
{
	static const char *const bad[] = {
		"\n", "nonsense\n", "[]\n", "{}\n", "{\"v\":2,\"id\":1,\"verb\":\"echo\"}\n",
		"{\"v\":1,\"verb\":\"echo\"}\n", "{\"v\":1,\"id\":\"1\",\"verb\":\"echo\"}\n",
		"{\"v\":1,\"id\":1}\n", "{\"v\":1,\"id\":1,\"verb\":\"echo\",\"args\":3}\n",
		"{\"v\":1,\"id\":1,\"id\":2,\"verb\":\"echo\"}\n", "\"\\ud800\"\n",
	};
	struct daemon d;
	int fd;

	start(&d);
	fd = dial(&d);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT(strstr(ask(&d, fd, bad[i]), "\"error\":{\"code\":2,\"text\":"));
	ASSERT_EQ(d.requests, 0);
	ASSERT(strstr(ask(&d, fd, "{\"v\":1,\"id\":1,\"verb\":\"dance\"}\n"), "no verb \\\"dance\\\""));
	close(fd);
	stop(&d);
}

TEST(a_line_that_never_ends_is_cut_off)
{
	static char line[CTL_LINE_MAX + 2];
	struct daemon d;
	int fd;

	start(&d);
	fd = dial(&d);
	memset(line, ' ', CTL_LINE_MAX);
	ASSERT(strstr(ask(&d, fd, line), "at most 131072 bytes"));
	turn(&d);
	ASSERT_EQ(recv(fd, line, 1, 0), 0);
	close(fd);
	stop(&d);
}

TEST(the_ninth_client_is_turned_away_and_a_place_can_be_used_again)
{
	struct daemon d;
	int fd[CTL_CLIENTS_MAX + 1];
	char c;

	start(&d);
	for (int i = 0; i <= CTL_CLIENTS_MAX; i++)
		fd[i] = dial(&d);
	ASSERT_EQ(recv(fd[CTL_CLIENTS_MAX], &c, 1, 0), 0);
	close(fd[0]);
	close(fd[CTL_CLIENTS_MAX]);
	turn(&d);
	fd[0] = dial(&d);
	ASSERT_STR(ask(&d, fd[0], "{\"v\":1,\"id\":1,\"verb\":\"echo\"}\n"),
	    "{\"v\":1,\"id\":1,\"body\":{}}\n");
	for (int i = 0; i < CTL_CLIENTS_MAX; i++)
		close(fd[i]);
	stop(&d);
}

TEST(an_answer_for_a_client_that_left_goes_nowhere)
{
	struct daemon d;
	int fd;

	start(&d);
	fd = dial(&d);
	ask(&d, fd, "{\"v\":1,\"id\":1,\"verb\":\"later\"}\n");
	ASSERT_EQ(ctl_answer(&d.ctl, d.kept, 1, json_object(), true), 0);
	close(fd);
	turn(&d);
	ASSERT_EQ(ctl_answer(&d.ctl, d.kept, 1, json_object(), false), ERR_UNKNOWN);
	stop(&d);
}

TEST(a_client_that_does_not_read_is_dropped)
{
	struct daemon d;
	char *big = malloc(1 << 20);
	int fd, sent = 0;

	memset(big, 'x', (1 << 20) - 1);
	big[(1 << 20) - 1] = '\0';
	start(&d);
	fd = dial(&d);
	ask(&d, fd, "{\"v\":1,\"id\":1,\"verb\":\"later\"}\n");
	while (sent < 64 &&
	    ctl_answer(&d.ctl, d.kept, 1, json_pack("{s:s}", "x", big), true) == 0)
		sent++;
	ASSERT(sent > 8);
	ASSERT(sent < 40);
	free(big);
	close(fd);
	stop(&d);
}

TEST(the_socket_has_its_mode_and_a_dead_one_is_replaced)
{
	struct daemon d;
	struct stat st;
	struct err err;
	char path[200];

	start(&d);
	ASSERT_EQ(stat(d.path, &st), 0);
	ASSERT_EQ(st.st_mode & 0777, 0600);
	ASSERT_EQ(ctl_listen(&d.ctl, d.path, 0666, &err), 0);
	ASSERT_EQ(stat(d.path, &st), 0);
	ASSERT_EQ(st.st_mode & 0777, 0666);
	stop(&d);

	start(&d);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ASSERT_EQ(ctl_listen(&d.ctl, path, 0600, &err), -ENAMETOOLONG);
	stop(&d);
}
