/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * igd.c - UPnP's Internet Gateway Device: a router that maps ports by SOAP.
 */
#include "host/igd.h"

#include <errno.h>
#include <fcntl.h>
#include <miniupnpc/igd_desc_parse.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpreplyparse.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/loop.h"
#include "host/sockaddr.h"

#define SSDP_PORT	1900
#define SSDP_ANSWER_MAX 2048
#define SOAP_BODY_MAX	2048
#define VALUE_MAX	64

/* Errors of the service, UPnP's WANIPConnection:1, 2.5. */
enum {
	UPNP_CONFLICT = 718,
	UPNP_PERMANENT_ONLY = 725,
};

static const uint8_t ssdp_group[4] = { 239, 255, 255, 250 };

static const char *const searched[] = {
	"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
	"urn:schemas-upnp-org:device:InternetGatewayDevice:2",
};

/* What maps ports: of every device that is described, the first that has one of these. */
static const char *const mapping_services[] = {
	"urn:schemas-upnp-org:service:WANIPConnection:",
	"urn:schemas-upnp-org:service:WANPPPConnection:",
};

/*
 * Discovery (UPnP Device Architecture, 1.3)
 */

static int
open_search(struct ip self)
{
	struct addr local = addr_from_ip(self, 0);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ss, &local);
	struct in_addr out;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ttl = 2;

	if (fd < 0)
		return -errno;
	memcpy(&out, self.b, sizeof(out));
	if (bind(fd, (struct sockaddr *)&ss, len) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

static void
search(int fd, struct ip at, const char *target)
{
	struct addr to = addr_from_ip(at, SSDP_PORT);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ss, &to);
	char text[256];
	int n = snprintf(text, sizeof(text),
	    "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n"
	    "MX: 1\r\nST: %s\r\n\r\n", target);

	(void)!sendto(fd, text, (size_t)n, 0, (struct sockaddr *)&ss, len);
}

/* The next answer of the gateway: where its description is. Others are passed over. */
static int
hear_location(int fd, struct ip gateway, char *to, size_t cap, usec_t deadline)
{
	char text[SSDP_ANSWER_MAX];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		usec_t now = clock_now().mono;
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct addr from;
		ssize_t n;

		if (now >= deadline ||
		    poll(&p, 1, (int)((deadline - now) / USEC_PER_MS) + 1) == 0)
			return -ETIMEDOUT;
		n = recvfrom(fd, text, sizeof(text) - 1, 0, (struct sockaddr *)&ss, &len);
		if (n <= 0)
			continue;
		text[n] = '\0';
		from = addr_from_sockaddr(&ss);
		if (ip_equal(addr_ip(&from), gateway) && strncmp(text, "HTTP/1.1 200", 12) == 0 &&
		    http_header(to, cap, text, "LOCATION") == 0)
			return 0;
	}
}

static bool
is_gateway(const struct http_url *url, struct ip gateway)
{
	return ip_equal(addr_ip(&url->at), gateway) &&
	    addr_class(&url->at) == ADDR_CLASS_PRIVATE;
}

static bool
maps_ports(const struct IGDdatas_service *s)
{
	for (size_t i = 0; i < ARRAY_LEN(mapping_services); i++) {
		if (strncmp(s->servicetype, mapping_services[i], strlen(mapping_services[i])) == 0)
			return true;
	}
	return false;
}

int
igd_describe(struct igd *ret, struct ip gateway, const char *location, usec_t deadline)
{
	struct http_answer *answer = malloc(sizeof(*answer));
	struct IGDdatas described;
	const struct IGDdatas_service *s = &described.first;
	struct http_url url;
	int rc = answer ? http_url_parse(&url, location, NULL) : -ENOMEM;

	if (rc == 0 && !is_gateway(&url, gateway))
		rc = ERR_DENIED;
	if (rc == 0)
		rc = http_exchange(&url, "", NULL, deadline, answer);
	if (rc == 0 && answer->status != 200)
		rc = ERR_UNKNOWN;
	if (rc == 0) {
		memset(&described, 0, sizeof(described));
		parserootdesc(answer->body, (int)answer->len, &described);
		if (!maps_ports(s))
			s = &described.second;
		rc = maps_ports(s) ? http_url_parse(&ret->control, s->controlurl, &url) : ERR_UNKNOWN;
	}
	if (rc == 0 && !is_gateway(&ret->control, gateway))
		rc = ERR_DENIED;
	if (rc == 0)
		snprintf(ret->service, sizeof(ret->service), "%s", s->servicetype);
	free(answer);
	/* It goes into a header and into XML. */
	if (rc == 0 && strpbrk(ret->service, "\r\n\"<>&") != NULL)
		rc = ERR_FORMAT;
	return rc;
}

int
igd_find(struct igd *ret, struct ip gateway, struct ip self, usec_t deadline)
{
	char location[HTTP_PATH_MAX + ADDR_TEXT_MAX];
	int fd = open_search(self), rc;

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < ARRAY_LEN(searched); i++) {
		search(fd, gateway, searched[i]);
		search(fd, ip_v4(ssdp_group), searched[i]);
	}
	do {
		rc = hear_location(fd, gateway, location, sizeof(location), deadline);
		if (rc < 0)
			break;
		rc = igd_describe(ret, gateway, location, deadline);
	} while (rc < 0 && clock_now().mono < deadline);
	close(fd);
	return rc;
}

/*
 * Control (UPnP Device Architecture, 3.1)
 */

/*
 * Calls `action` with arguments that are XML already. Fills `value` with what `wanted` has in the
 * answer, if `wanted` is not NULL. 0, a negative code, or the positive error of the service.
 */
static int
call(const struct igd *d, const char *action, const char *arguments, const char *wanted,
    char value[static VALUE_MAX], usec_t deadline)
{
	struct http_answer *answer = malloc(sizeof(*answer));
	struct NameValueParserData parsed;
	char headers[512], body[SOAP_BODY_MAX];
	const char *text;
	int rc = answer ? 0 : -ENOMEM;

	snprintf(headers, sizeof(headers),
	    "Content-Type: text/xml; charset=\"utf-8\"\r\nSOAPAction: \"%s#%s\"\r\n", d->service,
	    action);
	snprintf(body, sizeof(body),
	    "<?xml version=\"1.0\"?>\r\n"
	    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
	    "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">"
	    "<s:Body><u:%s xmlns:u=\"%s\">%s</u:%s></s:Body></s:Envelope>\r\n", action, d->service,
	    arguments, action);
	if (rc == 0)
		rc = http_exchange(&d->control, headers, body, deadline, answer);
	if (rc < 0) {
		free(answer);
		return rc;
	}
	ParseNameValue(answer->body, (int)answer->len, &parsed);
	if (answer->status != 200)
		wanted = "errorCode";
	text = wanted ? GetValueFromNameValueList(&parsed, wanted) : NULL;
	if (answer->status != 200)
		rc = text && atoi(text) > 0 ? atoi(text) : ERR_DENIED;
	else if (wanted)
		rc = text && snprintf(value, VALUE_MAX, "%s", text) < VALUE_MAX ? 0 : ERR_FORMAT;
	ClearNameValueList(&parsed);
	free(answer);
	return rc;
}

int
igd_external(const struct igd *d, struct ip *ret, usec_t deadline)
{
	char value[VALUE_MAX];
	struct ip ip;
	int rc = call(d, "GetExternalIPAddress", "", "NewExternalIPAddress", value, deadline);

	if (rc != 0)
		return rc < 0 ? rc : ERR_DENIED;
	if (ip_parse(&ip, value) < 0 || ip.family != FAMILY_V4)
		return ERR_FORMAT;
	*ret = ip;
	return 0;
}

static int
add_mapping(const struct igd *d, struct ip self, uint16_t internal, uint16_t external,
    uint32_t lifetime, usec_t deadline)
{
	char arguments[768], client[ADDR_TEXT_MAX], none[VALUE_MAX];

	snprintf(arguments, sizeof(arguments),
	    "<NewRemoteHost></NewRemoteHost><NewExternalPort>%u</NewExternalPort>"
	    "<NewProtocol>UDP</NewProtocol><NewInternalPort>%u</NewInternalPort>"
	    "<NewInternalClient>%s</NewInternalClient><NewEnabled>1</NewEnabled>"
	    "<NewPortMappingDescription>mpynet</NewPortMappingDescription>"
	    "<NewLeaseDuration>%u</NewLeaseDuration>", external, internal, ip_format(client, self),
	    lifetime);
	return call(d, "AddPortMapping", arguments, NULL, none, deadline);
}

int
igd_map(const struct igd *d, struct ip self, uint16_t internal, uint16_t external,
    uint32_t *lifetime, usec_t deadline)
{
	int rc = add_mapping(d, self, internal, external, *lifetime, deadline);

	if (rc == UPNP_PERMANENT_ONLY) {
		*lifetime = 0;
		rc = add_mapping(d, self, internal, external, 0, deadline);
	}
	return rc == UPNP_CONFLICT ? ERR_CONFLICT : rc > 0 ? ERR_DENIED : rc;
}

int
igd_unmap(const struct igd *d, uint16_t external, usec_t deadline)
{
	char arguments[256], none[VALUE_MAX];
	int rc;

	snprintf(arguments, sizeof(arguments),
	    "<NewRemoteHost></NewRemoteHost><NewExternalPort>%u</NewExternalPort>"
	    "<NewProtocol>UDP</NewProtocol>", external);
	rc = call(d, "DeletePortMapping", arguments, NULL, none, deadline);
	return rc > 0 ? ERR_DENIED : rc;
}
