/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pattern.c - parses patterns and fits command lines to them.
 */
#include "cli/pattern.h"

#include "core/text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

bool
span_is(struct span s, const char *text)
{
	return strlen(text) == s.len && memcmp(s.p, text, s.len) == 0;
}

struct span
span_next_choice(struct span *s)
{
	const char *bar = memchr(s->p, '|', s->len);
	struct span first = { s->p, bar != NULL ? (size_t)(bar - s->p) : s->len };
	size_t taken = first.len + (bar != NULL);

	s->p += taken;
	s->len -= taken;
	return first;
}

/* Parsing *************************************************************************************/

static bool
eat(const char **p, const char *token)
{
	size_t len = strlen(token);

	if (strncmp(*p, token, len) != 0)
		return false;
	*p += len;
	return true;
}

static void
eat_blanks(const char **p)
{
	while (**p == ' ')
		(*p)++;
}

static struct span
take_while(const char **p, bool (*fits)(char))
{
	struct span s = { *p, 0 };

	while (fits((*p)[s.len]))
		s.len++;
	assert(s.len > 0);
	*p += s.len;
	return s;
}

static bool
in_word(char c)
{
	return c != '\0' &&
	    (islower((unsigned char)c) || isdigit((unsigned char)c) || strchr("-_|", c) != NULL);
}

static bool
in_angles(char c)
{
	return c != '\0' && c != '>';
}

/* "<name>" or "a|b|c", into the value of `item`. */
static void
parse_value(struct item *item, const char **p)
{
	if (eat(p, "<")) {
		item->value = take_while(p, in_angles);
		assert(**p == '>');
		(*p)++;
	} else {
		item->value = take_while(p, in_word);
		item->choice = true;
	}
}

static void
parse_option(struct item *item, const char **p)
{
	item->kind = ITEM_OPTION;
	item->name = take_while(p, in_word);
	eat_blanks(p);
	if (**p != '\0' && strchr("[]-", **p) == NULL)
		parse_value(item, p);
}

static void
parse_argument(struct item *item, const char **p)
{
	parse_value(item, p);
	item->name = item->value;
	item->kind = ITEM_ARGUMENT;
}

/* A lone word is part of the command's name, and so comes before everything else. */
static void
settle_word(struct pattern *to, struct item *item)
{
	if (item->kind != ITEM_ARGUMENT || !item->choice ||
	    memchr(item->name.p, '|', item->name.len))
		return;
	assert(to->words == to->n && !item->optional);
	item->kind = ITEM_WORD;
	to->words++;
}

static void
parse_item(struct pattern *to, const char **p)
{
	struct item *item = &to->items[to->n];

	assert(to->n < PATTERN_MAX);
	*item = (struct item){ .optional = eat(p, "[") };
	if (strncmp(*p, "--", 2) == 0)
		parse_option(item, p);
	else
		parse_argument(item, p);
	if (item->optional) {
		assert(**p == ']');
		(*p)++;
	}
	item->repeated = eat(p, "...");
	settle_word(to, item);
	to->n++;
}

void
pattern_add(struct pattern *p, const char *text)
{
	eat_blanks(&text);
	while (*text != '\0') {
		if (strncmp(text, "-- ", 3) == 0) /* shown, and not looked for: it is always understood */
			text += 2;
		else
			parse_item(p, &text);
		eat_blanks(&text);
	}
}

/* Matching ************************************************************************************/

bool
word_is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

int
pattern_option(const struct pattern *p, const char *word, const char **ret_value)
{
	const char *equals = strchr(word, '=');
	size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);

	for (size_t i = 0; i < p->n; i++) {
		const struct item *item = &p->items[i];

		if (item->kind != ITEM_OPTION || item->name.len != len ||
		    memcmp(item->name.p, word, len) != 0)
			continue;
		*ret_value = equals != NULL ? equals + 1 : NULL;
		return (int)i;
	}
	return -1;
}

/* Where `value` stands for `item`: the words of a choice are a closed list. */
static int
check_choice(const struct item *item, const char *value, struct err *e)
{
	struct span rest = item->value;
	char shown[64];

	while (item->choice && rest.len > 0)
		if (span_is(span_next_choice(&rest), value))
			return 0;
	if (!item->choice)
		return 0;
	return err_set(e, -EINVAL, "'%s' does not fit: it is one of %.*s",
	    text_escape(shown, sizeof(shown), value, strlen(value)), (int)item->value.len,
	    item->value.p);
}

static int
give(struct args *a, size_t item, const char *value, struct err *e)
{
	const struct item *it = &a->pattern.items[item];
	int r = check_choice(it, value, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < a->n && !it->repeated; i++)
		if (a->given[i].item == item)
			return err_set(e, -EINVAL, "%.*s is given twice", (int)it->name.len,
			    it->name.p);
	assert(a->n < ARGS_MAX);
	a->given[a->n].item = (uint8_t)item;
	a->given[a->n++].value = value;
	return 0;
}

/* The option of `p` that is spelt most like `word`, or NULL. */
static const struct item *
nearest_option(const struct pattern *p, const char *word)
{
	const struct item *best = NULL;
	unsigned best_distance = 3;

	for (size_t i = 0; i < p->n; i++) {
		const struct item *item = &p->items[i];
		char name[32];
		unsigned d;

		if (item->kind != ITEM_OPTION || item->name.len >= sizeof(name))
			continue;
		memcpy(name, item->name.p, item->name.len);
		name[item->name.len] = '\0';
		d = text_distance(name, word);
		if (d < best_distance) {
			best = item;
			best_distance = d;
		}
	}
	return best;
}

static int
no_such_option(const struct pattern *p, const char *word, struct err *e)
{
	const struct item *near = nearest_option(p, word);
	char shown[64];

	text_escape(shown, sizeof(shown), word, strlen(word));
	if (near == NULL)
		return err_set(e, -EINVAL, "there is no option '%s' here", shown);
	return err_set(e, -EINVAL, "there is no option '%s' here, but there is %.*s", shown,
	    (int)near->name.len, near->name.p);
}

/* The option at words[*i] and, where it takes one, its value; `*i` moves to the last word used. */
static int
match_option(struct args *a, char *const *words, size_t n, size_t *i, struct err *e)
{
	const char *value;
	int at = pattern_option(&a->pattern, words[*i], &value);
	const struct item *item;

	if (at < 0)
		return no_such_option(&a->pattern, words[*i], e);
	item = &a->pattern.items[at];
	if (item->value.len == 0)
		return value == NULL ? give(a, (size_t)at, "", e)
		                     : err_set(e, -EINVAL, "%.*s takes no value",
					   (int)item->name.len, item->name.p);
	if (value == NULL && *i + 1 == n)
		return err_set(e, -EINVAL, "%.*s needs a value, <%.*s>", (int)item->name.len,
		    item->name.p, (int)item->value.len, item->value.p);
	return give(a, (size_t)at, value != NULL ? value : words[++*i], e);
}

/* How many of `n` arguments the item `at` takes, when what comes after it gets what it needs. */
static size_t
share(const struct pattern *p, size_t at, size_t n)
{
	size_t needed_after = 0;

	for (size_t i = at + 1; i < p->n; i++)
		if (p->items[i].kind == ITEM_ARGUMENT && !p->items[i].optional)
			needed_after++;
	/* The first that is needed comes first, so that what is missing is the last. */
	if (n > 0 && n <= needed_after && !p->items[at].optional)
		return 1;
	n -= n < needed_after ? n : needed_after;
	return p->items[at].repeated || n == 0 ? n : 1;
}

static int
match_arguments(struct args *a, const char *const *plain, size_t n, struct err *e)
{
	size_t used = a->pattern.words;
	char shown[64];

	for (size_t i = a->pattern.words; i < a->pattern.n; i++) {
		const struct item *item = &a->pattern.items[i];
		size_t take;

		if (item->kind != ITEM_ARGUMENT)
			continue;
		take = share(&a->pattern, i, n - used);
		if (take == 0 && !item->optional)
			return err_set(e, -EINVAL,
			    item->choice ? "%.*s is missing" : "<%.*s> is missing",
			    (int)item->name.len, item->name.p);
		for (; take > 0; take--) {
			int r = give(a, i, plain[used++], e);

			if (r < 0)
				return r;
		}
	}
	if (used == n)
		return 0;
	return err_set(e, -EINVAL, "'%s' is one word too many",
	    text_escape(shown, sizeof(shown), plain[used], strlen(plain[used])));
}

static int
check_required_options(const struct args *a, struct err *e)
{
	for (size_t i = 0; i < a->pattern.n; i++) {
		const struct item *item = &a->pattern.items[i];
		bool given = item->kind != ITEM_OPTION || item->optional;

		for (size_t k = 0; k < a->n && !given; k++)
			given = a->given[k].item == i;
		if (!given)
			return err_set(e, -EINVAL, "%.*s is missing", (int)item->name.len,
			    item->name.p);
	}
	return 0;
}

int
args_match(struct args *a, char *const *words, size_t n, struct err *e)
{
	const char *plain[ARGS_MAX];
	size_t n_plain = 0;
	bool options = true;
	int r;

	if (n > ARGS_MAX)
		return err_set(e, -EINVAL, "these are %zu words, and %d are the most", n, ARGS_MAX);
	a->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (options && strcmp(words[i], "--") == 0)
			options = false;
		else if (!options || !word_is_option(words[i]))
			plain[n_plain++] = words[i];
		else if ((r = match_option(a, words, n, &i, e)) < 0)
			return r;
	}
	assert(n_plain >= a->pattern.words);
	if ((r = match_arguments(a, plain, n_plain, e)) < 0)
		return r;
	return check_required_options(a, e);
}

int
pattern_argument(const struct pattern *p, size_t i)
{
	size_t at = 0;

	for (size_t k = p->words; k < p->n; k++) {
		if (p->items[k].kind != ITEM_ARGUMENT)
			continue;
		if (at == i || p->items[k].repeated)
			return (int)k;
		at++;
	}
	return -1;
}

/* Asking **************************************************************************************/

/* Asking for what the pattern does not have is a mistake of the program. */
static size_t
item_of(const struct args *a, const char *name)
{
	for (size_t i = a->pattern.words; i < a->pattern.n; i++)
		if (span_is(a->pattern.items[i].name, name))
			return i;
	assert(!"a name that is in the pattern");
	return 0;
}

const char *
arg_nth(const struct args *a, const char *name, size_t i)
{
	size_t item = item_of(a, name);

	for (size_t k = 0; k < a->n; k++)
		if (a->given[k].item == item && i-- == 0)
			return a->given[k].value;
	return NULL;
}

size_t
arg_count(const struct args *a, const char *name)
{
	size_t item = item_of(a, name), count = 0;

	for (size_t k = 0; k < a->n; k++)
		count += a->given[k].item == item;
	return count;
}

const char *
arg(const struct args *a, const char *name)
{
	size_t count = arg_count(a, name);

	return count > 0 ? arg_nth(a, name, count - 1) : NULL;
}
