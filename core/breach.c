/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * breach.c - the rules of signed objects as phrases and as codes.
 */
#include "core/breach.h"

static const char *const phrases[] = {
	[BREACH_NONE] = "breaks no rule",
	[BREACH_MAGIC] = "does not begin with MPY1",
	[BREACH_KIND] = "is of no known kind",
	[BREACH_KIND_RESERVED] = "is of a kind that a later version speaks",
	[BREACH_KIND_OTHER] = "is of another kind than what belongs there",
	[BREACH_ALG] = "has a signature algorithm that is not one for its kind",
	[BREACH_RESERVED] = "has reserved header bytes that are not zero",
	[BREACH_LENGTH] = "has another length than its header says",
	[BREACH_TOO_LONG] = "is longer than its kind may be",
	[BREACH_FIELD_CUT] = "has a field that runs past its end",
	[BREACH_ORDER] = "has fields that are not in strictly ascending order",
	[BREACH_TAG] = "has an unknown field that may not be ignored",
	[BREACH_TAG_KIND] = "has a field that its kind does not have",
	[BREACH_MISSING] = "lacks a field that its kind must have",
	[BREACH_FIELD_LENGTH] = "has a field of the wrong length",
	[BREACH_EMPTY_LIST] = "has an empty list",
	[BREACH_LIST_LONG] = "has a list with too many entries",
	[BREACH_LIST_ORDER] = "has a list that is not sorted, or an entry twice",
	[BREACH_SERIAL] = "has the serial number or version zero",
	[BREACH_TIME] = "is valid at no time before the year 10000",
	[BREACH_KEY] = "has a key that is weak or not in canonical form",
	[BREACH_NAME] =
	    "has a name that is not 1 to 63 of a-z, 0-9, '.', '_', '-' with a letter or "
	    "digit at both ends",
	[BREACH_PREFIX_LENGTH] = "has a prefix length that may not stand there",
	[BREACH_HOST_BITS] = "has a network with host bits that are not zero",
	[BREACH_ADDRESS] = "has an address that is loopback, multicast, link-local, unspecified or "
			   "v4-mapped",
	[BREACH_GROUP] =
	    "has a group that is not a name of 1 to 31 letters, or a \"*\" that is not "
	    "the only group of a CA",
	[BREACH_FLAGS] = "has a flag without a meaning",
	[BREACH_LIFETIME] = "permits no lifetime",
	[BREACH_PATH_LENGTH] = "has a path length above 1",
	[BREACH_SUFFIX] = "has a name suffix that no name can end with",
	[BREACH_TLS_PIN] = "has the hash of a TLS key that is zero, or is no lighthouse",
	[BREACH_COSIGNERS] = "has co-signers that are not 2 to 5 of at most 8, or is no root and "
			     "has some",
	[BREACH_SIGNATURES] = "has signatures that are not 2 to 5 in the order of their signers",
	[BREACH_RANGE] = "has a range of serial numbers that is empty or belongs to its neighbour",
	[BREACH_ENDPOINT] = "has a lighthouse without an endpoint, or with one not in its only "
			    "spelling",
	[BREACH_ZERO] = "has a field of zeros that must be left out",
	[BREACH_NEW_ROOT] = "rotates to what is not another root of the same network",
	[BREACH_PARTIES] = "is a study of no party, or of more than 64",
	[BREACH_PARTY_TWICE] = "has two parties with one name, one key or one address",
	[BREACH_PORT] = "has a party with the port zero",
	[BREACH_BLOB] = "is not a network state with the objects that lead to it, in their order",
	[BREACH_NOT_A_CA] = "is signed by what is no CA",
	[BREACH_NOT_A_REQUEST] = "is not a request for a certificate",
	[BREACH_NOT_A_HOST] = "is not the certificate of a host",
	[BREACH_NETWORK] = "is of another network",
	[BREACH_ISSUER] = "names another issuer",
	[BREACH_TOO_DEEP] = "is a CA below one that may sign only hosts",
	[BREACH_NOT_ADDRESS] = "has an address outside the ranges of its issuer",
	[BREACH_NOT_ROUTE] = "has a route that its issuer may not give",
	[BREACH_NOT_GROUP] = "has a group that its issuer may not give",
	[BREACH_NOT_FLAG] = "has a flag that its issuer may not give",
	[BREACH_NOT_LIFETIME] = "has a longer lifetime than its issuer may give",
	[BREACH_NOT_SUFFIX] = "has a name without the suffix that its issuer must give",
	[BREACH_ROUTE_IN_OVERLAY] = "has a route that overlaps the addresses of the network",
	[BREACH_NOT_STATE] = "is signed by a CA that may not sign the network state",
	[BREACH_SUCCEEDED] = "is signed by a root that has a successor",
	[BREACH_OTHER_SUCCESSOR] = "names another successor of a root than the one that is known",
	[BREACH_REVOKES_SIGNER] = "revokes the CA that signed it",
};

const char *
breach_phrase(enum breach b)
{
	_Static_assert(ARRAY_LEN(phrases) == BREACH_COUNT, "every breach has its phrase");
	return b < BREACH_COUNT ? phrases[b] : "breaks an unknown rule";
}

const char *
breach_reason(int rc, enum breach b)
{
	return b != BREACH_NONE ? breach_phrase(b) : err_phrase(rc);
}

int
breach_set(enum breach *why, enum breach b)
{
	if (why != NULL)
		*why = b;
	if (b == BREACH_NONE)
		return 0;
	if (b == BREACH_KIND_RESERVED)
		return ERR_VERSION;
	return b < BREACH_NOT_A_CA ? ERR_CANON : ERR_DENIED;
}
