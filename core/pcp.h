/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcp.h - the Port Control Protocol (RFC 6887): asking a router for a port.
 *
 * A client's half of it: MAP for UDP, and ANNOUNCE, by which a router says that it has begun a new
 * life. Anybody on the link can send what looks like an answer, so an answer counts only with the
 * nonce of the question, which nobody off the path has seen. Integers are big-endian here.
 */
#ifndef CORE_PCP_H
#define CORE_PCP_H

#include "core/addr.h"

#define PCP_VERSION	2
#define PCP_SERVER_PORT 5351
#define PCP_CLIENT_PORT 5350 /* where a router's ANNOUNCE arrives, sent to all hosts */
#define PCP_NONCE_LEN	12
#define PCP_REQUEST_LEN 60   /* of MAP */
#define PCP_LEN_MAX	1100 /* of any message, section 7 */

enum pcp_opcode {
	PCP_ANNOUNCE = 0,
	PCP_MAP = 1,
};

/* Section 7.4. Whatever a router sends beyond these is a failure too. */
enum pcp_result {
	PCP_SUCCESS = 0,
	PCP_UNSUPP_VERSION = 1,
	PCP_NOT_AUTHORIZED = 2,
	PCP_MALFORMED_REQUEST = 3,
	PCP_UNSUPP_OPCODE = 4,
	PCP_UNSUPP_OPTION = 5,
	PCP_MALFORMED_OPTION = 6,
	PCP_NETWORK_FAILURE = 7,
	PCP_NO_RESOURCES = 8,
	PCP_UNSUPP_PROTOCOL = 9,
	PCP_USER_EX_QUOTA = 10,
	PCP_CANNOT_PROVIDE_EXTERNAL = 11,
	PCP_ADDRESS_MISMATCH = 12, /* a NAT lies between us and the router that was asked */
	PCP_EXCESSIVE_REMOTE_PEERS = 13,
};

/* "NOT_AUTHORIZED" and so on, as the RFC spells them; "an unknown error" for others. */
const char *pcp_result_word(uint8_t result);

/* MAP, in both directions. */
struct pcp_map {
	uint8_t nonce[PCP_NONCE_LEN];
	uint32_t lifetime;	/* seconds; wanted, or granted; 0 deletes */
	uint16_t internal_port;
	struct addr external;	/* suggested, or assigned; a suggestion may leave out either part */
};

/*
 * A MAP request for UDP from `client`, the address that it is sent from (a server compares). A
 * suggestion of FAMILY_NONE is written as "any" of the client's family. Writes PCP_REQUEST_LEN
 * bytes.
 */
void pcp_map_encode(uint8_t ret[static PCP_REQUEST_LEN], struct ip client,
    const struct pcp_map *map);

struct pcp_response {
	uint8_t version;	/* of the server: 0 for one that speaks NAT-PMP only */
	uint8_t opcode;
	uint8_t result;
	uint32_t lifetime;	/* seconds, of the mapping, or for which the error stands */
	uint32_t epoch;		/* seconds since the server began to keep its mappings */
	struct pcp_map map;	/* of a MAP; its external address FAMILY_NONE if it is no address */
};

/*
 * Any answer of a server. Of one in another version than 2 there are `version`, `opcode` and
 * `result`, and of NAT-PMP (version 0) also `epoch`, which its announcements bring as well. 0;
 * ERR_SHORT, ERR_EXCESS, or ERR_FORMAT for what is no answer, or one to another question than ours.
 */
int pcp_response_decode(struct pcp_response *ret, const uint8_t *p, size_t len) must_check;

#endif
