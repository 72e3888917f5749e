/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/settings.h"

#include "host/offloads.h"
#include "tests/unit/test.h"

static const struct setting list[] = {
	{ "open", "no", true, "is it open", setting_check_yes_no },
	{ "listen", "7717", false, "where", setting_check_listen },
	{ "offload", "all", false, "what for", offloads_check, true },
	{ 0 },
};

static const char *const migrations[] = { settings_schema };

static char path[64];

__attribute__((destructor)) static void
remove_path(void)
{
	unlink(path);
}

static struct db
fresh(void)
{
	struct db db;

	snprintf(path, sizeof(path), "/tmp/mpynet-settings-%d", (int)getpid());
	unlink(path);
	ASSERT_EQ(db_open(&db, path, DB_NODE, migrations, 1, NULL), 0);
	return db;
}

TEST(a_setting_has_its_default_until_it_is_set_and_again_when_unset)
{
	struct db db = fresh();
	char value[SETTING_VALUE_MAX];

	ASSERT_EQ(setting_get(&db, &list[0], value, NULL), 0);
	ASSERT_STR(value, "no");
	ASSERT_EQ(setting_set(&db, list, "open", "yes", NULL), 0);
	ASSERT_EQ(setting_get(&db, &list[0], value, NULL), 1);
	ASSERT_STR(value, "yes");
	ASSERT(setting_yes(&db, list, "open"));
	ASSERT_EQ(setting_unset(&db, list, "open", NULL), 0);
	ASSERT(!setting_yes(&db, list, "open"));
	db_close(&db);
}

TEST(what_is_unknown_or_impossible_is_refused_in_a_sentence)
{
	struct db db = fresh();
	struct err err;
	json_t *body;

	ASSERT_EQ(setting_set(&db, list, "opne", "yes", &err), ERR_UNKNOWN);
	ASSERT(strstr(err.text, "\"opne\""));
	ASSERT_EQ(setting_set(&db, list, "open", "maybe", &err), -EINVAL);
	ASSERT(strstr(err.text, "neither yes nor no"));
	ASSERT_EQ(setting_unset(&db, list, "opne", NULL), ERR_UNKNOWN);
	ASSERT_EQ(settings_body(&db, list, "opne", &body, NULL), ERR_UNKNOWN);
	db_close(&db);
}

TEST(the_body_says_what_was_set_and_what_is_the_default)
{
	struct db db = fresh();
	json_t *body;
	char *text;

	ASSERT_EQ(setting_set(&db, list, "listen", "7000", NULL), 0);
	ASSERT_EQ(settings_body(&db, list, NULL, &body, NULL), 0);
	text = json_dumps(body, JSON_COMPACT);
	ASSERT_STR(text, "{\"schema\":1,\"settings\":["
	    "{\"key\":\"open\",\"value\":\"no\",\"set\":false,\"now\":true,\"help\":\"is it open\"},"
	    "{\"key\":\"listen\",\"value\":\"7000\",\"set\":true,\"now\":false,\"help\":\"where\"}]}");
	free(text);
	json_decref(body);
	db_close(&db);
}

TEST(a_hidden_setting_is_shown_to_who_knows_its_name)
{
	struct db db = fresh();
	json_t *body;

	ASSERT_EQ(settings_body(&db, list, NULL, &body, NULL), 0);
	ASSERT_EQ(json_array_size(json_object_get(body, "settings")), 2);
	json_decref(body);
	ASSERT_EQ(settings_body(&db, list, "offload", &body, NULL), 0);
	ASSERT_EQ(json_array_size(json_object_get(body, "settings")), 1);
	json_decref(body);
	db_close(&db);
}

TEST(a_spin_is_a_short_time_or_none)
{
	const struct setting spins[] = {
		{ "spin", SETTING_SPIN, false, "what for", setting_check_spin }, { 0 }
	};
	struct db db = fresh();

	ASSERT_EQ(setting_spin(&db, spins), 50);
	ASSERT_EQ(setting_set(&db, spins, "spin", "0", NULL), 0);
	ASSERT_EQ(setting_spin(&db, spins), 0);
	ASSERT_EQ(setting_set(&db, spins, "spin", "1001", NULL), -EINVAL);
	ASSERT_EQ(setting_set(&db, spins, "spin", "often", NULL), -EINVAL);
	ASSERT_EQ(setting_spin(&db, spins), 0);
	db_close(&db);
}

TEST(an_offload_brings_what_it_needs)
{
	struct db db = fresh();

	ASSERT_EQ(offloads_get(&db, list), OFFLOAD_ALL);
	ASSERT_EQ(setting_set(&db, list, "offload", "udp-gro,tso", NULL), 0);
	ASSERT_EQ(offloads_get(&db, list), OFFLOAD_UDP_GRO | OFFLOAD_TSO | OFFLOAD_CHECKSUM);
	ASSERT_EQ(setting_set(&db, list, "offload", "none", NULL), 0);
	ASSERT_EQ(offloads_get(&db, list), 0);
	ASSERT_EQ(setting_set(&db, list, "offload", "tso,", NULL), -EINVAL);
	ASSERT_EQ(setting_set(&db, list, "offload", "", NULL), -EINVAL);
	ASSERT_EQ(setting_set(&db, list, "offload", "ts", NULL), -EINVAL);
	db_close(&db);
}

TEST(values_have_one_spelling)
{
	static const struct {
		int (*check)(char *to, const char *value, struct err *err);
		const char *value, *spelt;
	} cases[] = {
		{ setting_check_listen, "7717", "7717" },
		{ setting_check_listen, "07717", "7717" },
		{ setting_check_listen, "192.0.2.1:7717", "192.0.2.1:7717" },
		{ setting_check_listen, "[2001:DB8::1]:1", "[2001:db8::1]:1" },
		{ setting_check_listen, "0", NULL },
		{ setting_check_listen, "65536", NULL },
		{ setting_check_listen, "192.0.2.1", NULL },
		{ setting_check_listen, "", NULL },
		{ setting_check_listen, "7717x", NULL },
		{ setting_check_names, "", "" },
		{ setting_check_names, "party1,party-2", "party1,party-2" },
		{ setting_check_names, "party1,", NULL },
		{ setting_check_names, ",party1", NULL },
		{ setting_check_names, "Party1", NULL },
		{ setting_check_interface, "mpy0", "mpy0" },
		{ setting_check_interface, "a b", NULL },
		{ setting_check_interface, "-x", NULL },
		{ setting_check_interface, "", NULL },
		{ setting_check_interfaces, "", "" },
		{ setting_check_interfaces, "wwan0,eth1.7", "wwan0,eth1.7" },
		{ setting_check_interfaces, "wwan0,", NULL },
		{ setting_check_interfaces, ",wwan0", NULL },
		{ setting_check_interfaces, "wwan0, eth1", NULL },
		{ setting_check_interface, "abcdefghijklmnop", NULL },
		{ setting_check_yes_no, "YES", NULL },
		{ setting_check_rate, "0100", "100" },
		{ setting_check_rate, "100000", "100000" },
		{ setting_check_rate, "100001", NULL },
		{ setting_check_rate, "0", NULL },
		{ setting_check_rate, "10M", NULL },
		{ setting_check_rate, "", NULL },
	};
	char to[SETTING_VALUE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int rc = cases[i].check(to, cases[i].value, NULL);

		ASSERT_EQ(rc, cases[i].spelt ? 0 : -EINVAL);
		if (cases[i].spelt)
			ASSERT_STR(to, cases[i].spelt);
	}
}
