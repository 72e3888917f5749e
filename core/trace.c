/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace.c - facts to sentences.
 */
#include "core/trace.h"
#include "core/err.h"
#include "core/outbox.h"
#include "core/text.h"
#include "core/wire.h"
#include "core/words.h"

#include <stdio.h>

/*
 * A template for each fact: %n name, %o other, %a endpoint, %i inner address, %d number, %D
 * number2, %T that as a time, %L number as a duration, %m number as milliseconds, %s number as
 * seconds, %S number2 as seconds, %e phrase of code, %r what the code means in CLOSE, %t what
 * became of a stream, %c code, %k and %K words of keys. `number` is microseconds where %m or %s stands.
 */
static const char *const templates[TRACE_WHAT_COUNT] = {
	[TRACE_PEER_UP] = "peer %n: session up over %a",
	[TRACE_PEER_DOWN] = "peer %n: no answer for %d s; trying again when there is traffic",
	[TRACE_PEER_CLOSED] = "peer %n: said goodbye: %r",
	[TRACE_PATH_DIRECT] = "peer %n: direct at %a, %m ms",
	[TRACE_PATH_RELAY] = "peer %n: relayed by %o",
	[TRACE_PATH_LOST] = "peer %n: nothing heard on %a for %m ms; using another path",
	[TRACE_PATH_LOST_RELAY] =
	    "peer %n: nothing heard through %o for %m ms; using another path",
	[TRACE_ROAMED] = "peer %n: moved to %a",
	[TRACE_HANDSHAKE_NO_ANSWER] =
	    "peer %n (%a): no answer to %d handshakes, next try in %S s",
	[TRACE_CERT_REFUSED] = "%a: a certificate was refused: it %e",
	[TRACE_CERT_NEWER] = "peer %n: renewed certificate, serial %d",
	[TRACE_CONFLICT] = "%a: refused, it claims the name or an address of %n (%i)",
	[TRACE_LIGHTHOUSE_UP] = "lighthouse %n: registered, it sees us at %a",
	[TRACE_LIGHTHOUSE_DOWN] = "lighthouse %n (%a): no answer for %s s, trying on",
	[TRACE_UNKNOWN_PEER] = "no lighthouse knows a peer at %i",
	[TRACE_UNDER_LOAD] = "under load: %d handshakes in a second, asking for proof of address",
	[TRACE_CLOCK_APART] = "peer %n: its clock and ours are %d s apart; check the time here",
	[TRACE_LIMIT] = "a table is full (counter %c): new entries are refused",
	[TRACE_CIRCUIT_OPEN] = "relaying between %n and %o",
	[TRACE_CIRCUIT_CLOSE] = "no longer relaying between %n and %o (reason %c)",
	[TRACE_WOKE_UP] = "this machine has slept for %s s: every connection is checked",
	[TRACE_OVERLAP] = "%a lies inside the overlay network and is not used",
	[TRACE_CERT_ENDS] = "the certificate of %n expires in %L: %o",
	[TRACE_CERT_ENDED] = "the certificate of %n expired at %T: nobody accepts it any more",
	[TRACE_RENEWED] = "the certificate of %n is renewed: serial %d, valid until %T",
	[TRACE_RENEWAL_REFUSED] =
	    "lighthouse %n: what it brought as our next certificate is refused, it %e",
	[TRACE_STREAM_UP] = "lighthouse %n: no answer over UDP; reached over TCP at %a",
	[TRACE_STREAM_DOWN] = "lighthouse %n: TCP to %a: %t; trying on",
	[TRACE_STUDY_PROPOSED] =
	    ("%n proposes the study %o; see it with \"mpynet study show %o\", and nothing of it runs "
	     "here before \"mpynet study accept %o\""),
	[TRACE_STUDY_REFUSED] = "%n brought a study that is refused: it %e",
	[TRACE_STUDY_ACCEPTED] = "%n has accepted the study %o",
	[TRACE_STUDY_CLOSED] = "%n has closed the study %o",
	[TRACE_STATE_NEW] = "network state %d is in force",
	[TRACE_STATE_REFUSED] = "%n offered a network state that is refused: it %e",
	[TRACE_STATE_BACK] =
	    ("%n has gone back to network state %d, and %D is newer: it was restored from an old "
	     "copy, or keeps revocations away"),
	[TRACE_STATE_FORK] =
	    ("%n has another network state %d than ours: the authority's key has signed both, and "
	     "both are kept; ask who holds it"),
	[TRACE_STATE_LATE] =
	    ("network state %d should have a successor by now: the authority is away, or somebody "
	     "keeps it from us"),
	[TRACE_STATE_EXPIRED] =
	    "network state %d has expired and stays in force: ask the authority for a newer one",
	[TRACE_STATE_UNWRITTEN] =
	    "network state %d is in force, but the disk has not taken it: it is tried again",
	[TRACE_REVOKED] = "peer %n: its certificate is revoked, the session is ended",
	[TRACE_REVOKED_OURSELVES] =
	    "our own certificate is revoked: nobody will speak to us; ask the authority for another",
	[TRACE_PLEA] = "%a: a host asks to be enrolled with an invitation; %d wait for an answer",
	[TRACE_PLEA_TAKEN] =
	    ("%a: a host asks with an invitation with which %d others ask already: it may be in "
	     "wrong hands"),
	[TRACE_PIN_KEY] =
	    ("a certificate for %n (serial %d) is refused: its key is \"%K\", and pinned here is "
	     "\"%k\""),
	[TRACE_PIN_NAME] =
	    ("a certificate for %n (serial %d) is refused: its key \"%K\" is pinned here for %o"),
	[TRACE_PIN_ENDED] = "peer %n: it is not who is pinned here, the session is ended",
	[TRACE_DESK] = "%n speaks for its authority, and is asked about %d requests",
};

/* enum stream_news */
static const char *const stream_phrases[] = {
	[STREAM_UP] = "it is up",
	[STREAM_UNREACHED] = "no connection",
	[STREAM_PROXY_FAILED] = "the proxy does not connect us",
	[STREAM_NO_TLS] = "who answers there speaks no TLS 1.3",
	[STREAM_WRONG_KEY] =
	    ("who answers there is not the lighthouse, its TLS key is another; a proxy that opens "
	     "TLS can do that"),
	[STREAM_ENDED] = "the connection has ended",
};

static const char *
stream_phrase(int news)
{
	if (news < 0 || news >= (int)ARRAY_LEN(stream_phrases))
		return "for a reason that is not known here";
	return stream_phrases[news];
}

/* What the numbers in CLOSE mean (enum close_reason). */
static const char *const close_phrases[] = {
	[CLOSE_STOP] = "it stops",
	[CLOSE_VERSION] = "it speaks no version of the protocol that we speak",
	[CLOSE_CERTIFICATE] = "it does not accept our certificate",
	[CLOSE_EXPIRED] = "our certificate has expired",
	[CLOSE_REVOKED] = "our certificate is revoked",
	[CLOSE_CONFLICT] = "our name or address belongs to another",
	[CLOSE_FULL] = "it has no room for us",
};

static const char *
close_phrase(int reason)
{
	if (reason < CLOSE_STOP || reason >= (int)ARRAY_LEN(close_phrases))
		return "for a reason that is not known here";
	return close_phrases[reason];
}

static int
write_field(char *to, size_t cap, char letter, const struct trace_fact *f)
{
	char words[sizeof(f->words[0]) * (WORDS_WORD_MAX + 1)];
	char text[ADDR_TEXT_MAX];

	switch (letter) {
	case 'n':
		return snprintf(to, cap, "%.63s", f->name);
	case 'o':
		return snprintf(to, cap, "%.63s", f->other);
	case 'a':
		return snprintf(to, cap, "%s", addr_format(text, &f->at));
	case 'i':
		return snprintf(to, cap, "%s", ip_format(text, f->inner));
	case 'd':
		return snprintf(to, cap, "%lld", (long long)f->number);
	case 'D':
		return snprintf(to, cap, "%lld", (long long)f->number2);
	case 'm':
		return snprintf(to, cap, "%.1f", (double)f->number / 1e3);
	case 's':
		return snprintf(to, cap, "%.1f", (double)f->number / 1e6);
	case 'S':
		return snprintf(to, cap, "%.1f", (double)f->number2 / 1e6);
	case 'L':
		return snprintf(
		    to, cap, "%s", text_format_duration(text, (uint64_t)f->number));
	case 'T':
		return snprintf(to, cap, "%s", text_format_time(text, (uint64_t)f->number2));
	case 'e':
		return snprintf(to, cap, "%s", err_phrase(f->code));
	case 'r':
		return snprintf(to, cap, "%s", close_phrase(f->code));
	case 't':
		return snprintf(to, cap, "%s", stream_phrase(f->code));
	case 'k':
	case 'K':
		words_format(words, f->words[letter == 'K'], sizeof(f->words[0]));
		return snprintf(to, cap, "%s", words);
	case 'c':
		return snprintf(to, cap, "%d", f->code);
	default:
		assert(!"a letter that no template has");
		return 0;
	}
}

const char *
trace_format(char to[static TRACE_TEXT_MAX], const struct trace_fact *f)
{
	const char *t = f->what < TRACE_WHAT_COUNT ? templates[f->what] : "%c";
	size_t at = 0;

	for (; *t != '\0' && at + 1 < TRACE_TEXT_MAX; t++) {
		int n = 1;

		if (*t == '%')
			n = write_field(to + at, TRACE_TEXT_MAX - at, *++t, f);
		else
			to[at] = *t;
		at = n < 0 ? at : min_u64(at + (size_t)n, TRACE_TEXT_MAX - 1);
	}
	to[at] = '\0';
	return to;
}
