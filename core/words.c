/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words.c - the PGP word list, in the public domain: made by Patrick Juola and Philip Zimmermann in
 * 1995 for PGPfone, its words chosen to be far apart in sound. Both tables are in the order of the
 * bytes that they stand for.
 */
#include "core/words.h"
#include "core/err.h"

#include <string.h>

/* clang-format off */

/* Two syllables, for positions 0, 2, 4, ... */
static const char even[256][WORDS_WORD_MAX + 1] = {
	"aardvark", "absurd", "accrue", "acme",
	"adrift", "adult", "afflict", "ahead",
	"aimless", "Algol", "allow", "alone",
	"ammo", "ancient", "apple", "artist",
	"assume", "Athens", "atlas", "Aztec",
	"baboon", "backfield", "backward", "banjo",
	"beaming", "bedlamp", "beehive", "beeswax",
	"befriend", "Belfast", "berserk", "billiard",
	"bison", "blackjack", "blockade", "blowtorch",
	"bluebird", "bombast", "bookshelf", "brackish",
	"breadline", "breakup", "brickyard", "briefcase",
	"Burbank", "button", "buzzard", "cement",
	"chairlift", "chatter", "checkup", "chisel",
	"choking", "chopper", "Christmas", "clamshell",
	"classic", "classroom", "cleanup", "clockwork",
	"cobra", "commence", "concert", "cowbell",
	"crackdown", "cranky", "crowfoot", "crucial",
	"crumpled", "crusade", "cubic", "dashboard",
	"deadbolt", "deckhand", "dogsled", "dragnet",
	"drainage", "dreadful", "drifter", "dropper",
	"drumbeat", "drunken", "Dupont", "dwelling",
	"eating", "edict", "egghead", "eightball",
	"endorse", "endow", "enlist", "erase",
	"escape", "exceed", "eyeglass", "eyetooth",
	"facial", "fallout", "flagpole", "flatfoot",
	"flytrap", "fracture", "framework", "freedom",
	"frighten", "gazelle", "Geiger", "glitter",
	"glucose", "goggles", "goldfish", "gremlin",
	"guidance", "hamlet", "highchair", "hockey",
	"indoors", "indulge", "inverse", "involve",
	"island", "jawbone", "keyboard", "kickoff",
	"kiwi", "klaxon", "locale", "lockup",
	"merit", "minnow", "miser", "Mohawk",
	"mural", "music", "necklace", "Neptune",
	"newborn", "nightbird", "Oakland", "obtuse",
	"offload", "optic", "orca", "payday",
	"peachy", "pheasant", "physique", "playhouse",
	"Pluto", "preclude", "prefer", "preshrunk",
	"printer", "prowler", "pupil", "puppy",
	"python", "quadrant", "quiver", "quota",
	"ragtime", "ratchet", "rebirth", "reform",
	"regain", "reindeer", "rematch", "repay",
	"retouch", "revenge", "reward", "rhythm",
	"ribcage", "ringbolt", "robust", "rocker",
	"ruffled", "sailboat", "sawdust", "scallion",
	"scenic", "scorecard", "Scotland", "seabird",
	"select", "sentence", "shadow", "shamrock",
	"showgirl", "skullcap", "skydive", "slingshot",
	"slowdown", "snapline", "snapshot", "snowcap",
	"snowslide", "solo", "southward", "soybean",
	"spaniel", "spearhead", "spellbind", "spheroid",
	"spigot", "spindle", "spyglass", "stagehand",
	"stagnate", "stairway", "standard", "stapler",
	"steamship", "sterling", "stockman", "stopwatch",
	"stormy", "sugar", "surmount", "suspense",
	"sweatband", "swelter", "tactics", "talon",
	"tapeworm", "tempest", "tiger", "tissue",
	"tonic", "topmost", "tracker", "transit",
	"trauma", "treadmill", "Trojan", "trouble",
	"tumor", "tunnel", "tycoon", "uncut",
	"unearth", "unwind", "uproot", "upset",
	"upshot", "vapor", "village", "virus",
	"Vulcan", "waffle", "wallet", "watchword",
	"wayside", "willow", "woodlark", "Zulu",
};

/* Three syllables, for positions 1, 3, 5, ... */
static const char odd[256][WORDS_WORD_MAX + 1] = {
	"adroitness", "adviser", "aftermath", "aggregate",
	"alkali", "almighty", "amulet", "amusement",
	"antenna", "applicant", "Apollo", "armistice",
	"article", "asteroid", "Atlantic", "atmosphere",
	"autopsy", "Babylon", "backwater", "barbecue",
	"belowground", "bifocals", "bodyguard", "bookseller",
	"borderline", "bottomless", "Bradbury", "bravado",
	"Brazilian", "breakaway", "Burlington", "businessman",
	"butterfat", "Camelot", "candidate", "cannonball",
	"Capricorn", "caravan", "caretaker", "celebrate",
	"cellulose", "certify", "chambermaid", "Cherokee",
	"Chicago", "clergyman", "coherence", "combustion",
	"commando", "company", "component", "concurrent",
	"confidence", "conformist", "congregate", "consensus",
	"consulting", "corporate", "corrosion", "councilman",
	"crossover", "crucifix", "cumbersome", "customer",
	"Dakota", "decadence", "December", "decimal",
	"designing", "detector", "detergent", "determine",
	"dictator", "dinosaur", "direction", "disable",
	"disbelief", "disruptive", "distortion", "document",
	"embezzle", "enchanting", "enrollment", "enterprise",
	"equation", "equipment", "escapade", "Eskimo",
	"everyday", "examine", "existence", "exodus",
	"fascinate", "filament", "finicky", "forever",
	"fortitude", "frequency", "gadgetry", "Galveston",
	"getaway", "glossary", "gossamer", "graduate",
	"gravity", "guitarist", "hamburger", "Hamilton",
	"handiwork", "hazardous", "headwaters", "hemisphere",
	"hesitate", "hideaway", "holiness", "hurricane",
	"hydraulic", "impartial", "impetus", "inception",
	"indigo", "inertia", "infancy", "inferno",
	"informant", "insincere", "insurgent", "integrate",
	"intention", "inventive", "Istanbul", "Jamaica",
	"Jupiter", "leprosy", "letterhead", "liberty",
	"maritime", "matchmaker", "maverick", "Medusa",
	"megaton", "microscope", "microwave", "midsummer",
	"millionaire", "miracle", "misnomer", "molasses",
	"molecule", "Montana", "monument", "mosquito",
	"narrative", "nebula", "newsletter", "Norwegian",
	"October", "Ohio", "onlooker", "opulent",
	"Orlando", "outfielder", "Pacific", "pandemic",
	"Pandora", "paperweight", "paragon", "paragraph",
	"paramount", "passenger", "pedigree", "Pegasus",
	"penetrate", "perceptive", "performance", "pharmacy",
	"phonetic", "photograph", "pioneer", "pocketful",
	"politeness", "positive", "potato", "processor",
	"provincial", "proximate", "puberty", "publisher",
	"pyramid", "quantity", "racketeer", "rebellion",
	"recipe", "recover", "repellent", "replica",
	"reproduce", "resistor", "responsive", "retraction",
	"retrieval", "retrospect", "revenue", "revival",
	"revolver", "sandalwood", "sardonic", "Saturday",
	"savagery", "scavenger", "sensation", "sociable",
	"souvenir", "specialist", "speculate", "stethoscope",
	"stupendous", "supportive", "surrender", "suspicious",
	"sympathy", "tambourine", "telephone", "therapist",
	"tobacco", "tolerance", "tomorrow", "torpedo",
	"tradition", "travesty", "trombonist", "truncated",
	"typewriter", "ultimate", "undaunted", "underfoot",
	"unicorn", "unify", "universe", "unravel",
	"upcoming", "vacancy", "vagabond", "vertigo",
	"Virginia", "visitor", "vocalist", "voyager",
	"warranty", "Waterloo", "whimsical", "Wichita",
	"Wilmington", "Wyoming", "yesteryear", "Yucatan",
};

/* clang-format on */

const char *
words_word(uint8_t byte, size_t at)
{
	return at % 2 == 0 ? even[byte] : odd[byte];
}

const char *
words_format(char *to, const uint8_t *p, size_t n)
{
	char *end = to;

	for (size_t i = 0; i < n; i++) {
		const char *word = words_word(p[i], i);
		size_t len = strlen(word);

		memcpy(end, word, len);
		end += len;
		*end++ = i + 1 < n ? ' ' : '\0';
	}
	return to;
}

/* A-Z, which are all the capitals there are in the list. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_word(const char *word, const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && word[i] != '\0' && lower(word[i]) == lower(text[i]))
		i++;
	return i == len && word[i] == '\0';
}

static int
parse_word(uint8_t *to, size_t at, const char *text, size_t len)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		if (is_word(words_word((uint8_t)byte, at), text, len)) {
			*to = (uint8_t)byte;
			return 0;
		}
	}
	return ERR_FORMAT;
}

int
words_parse(uint8_t *to, size_t n, const char *text)
{
	static const char between[] = " -\t\n";
	uint8_t bytes[32];
	size_t count = 0;

	assert(n <= sizeof(bytes));
	for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
		size_t len = strcspn(text, between);

		if (count == n || parse_word(&bytes[count], count, text, len) < 0)
			return ERR_FORMAT;
		count++;
		text += len;
	}
	if (count != n)
		return ERR_FORMAT;
	memcpy(to, bytes, n);
	return 0;
}
