/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host that lead into a container: what the service takes of them. */
#include "drivers/hcs-stub/nat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/strutil.h"
#include "drivers/hcs-stub/members.h"

#define PORT_MAX 65535

/* "[HOST_IP:]HOST_PORT:PORT[/PROTOCOL]" in pieces of one block. */
struct binding {
	char *host_ip, *host_port, *port, *protocol;
	char *text;
};

static void binding_free(struct binding *binding)
{
	free(binding->text);
}

#define cleanup_binding CLEANUP(binding_free)

static int binding_split(const char *text, struct binding *out)
{
	char *copy = strdup(text), *colon;
	static char none[] = "", tcp[] = "tcp";

	*out = (struct binding){none, none, none, tcp, copy};
	if (!copy)
		return -ENOMEM;
	out->port = copy;
	colon = strrchr(copy, ':');
	if (colon) {
		*colon = '\0';
		out->port = colon + 1;
		out->host_port = copy;
		colon = strrchr(copy, ':');
		if (colon) {
			*colon = '\0';
			out->host_port = colon + 1;
			out->host_ip = copy;
		}
	}
	if (strchr(out->port, '/')) {
		char *slash = strchr(out->port, '/');

		*slash = '\0';
		if (slash[1])
			out->protocol = slash + 1;
	}
	return 0;
}

/* As Go's Atoi(), whose words the original passed on. */
static int number(const char *text, int64_t *out, const char **why)
{
	bool plus = text[0] == '+' && text[1] >= '0' && text[1] <= '9';
	int r = parse_int64(text + plus, out);

	*why = r == -ERANGE ? "value out of range" : "invalid syntax";
	return r;
}

static const char *const known_protocols[] = {"TCP", "UDP", NULL};

/* In capitals, or NULL. */
static const char *protocol_of(const struct binding *binding)
{
	for (size_t i = 0; known_protocols[i]; i++)
		if (strcasecmp(binding->protocol, known_protocols[i]) == 0)
			return known_protocols[i];
	return NULL;
}

/* How many ports of the host lead to the port of this binding. */
static int count_same(const struct exd_command *command, const struct binding *binding)
{
	size_t count = exd_command_count(command, EXD_KEY_HCS_PORTS);
	int same = 0;

	for (size_t i = 0; i < count; i++) {
		cleanup_binding struct binding other = {NULL, NULL, NULL, NULL, NULL};

		if (binding_split(exd_command_item(command, EXD_KEY_HCS_PORTS, i), &other) < 0)
			return -ENOMEM;
		same += strcmp(other.port, binding->port) == 0 &&
			strcasecmp(other.protocol, binding->protocol) == 0;
	}
	return same;
}

static int refuse(struct exd_error *err, const char *text)
{
	return exd_error_set(err, EXD_ERR_NETWORK, 0, "%s", text);
}

static int check_number(const char *what, const char *text, int64_t *out, struct exd_error *err)
{
	const char *why;

	if (number(text, out, &why) == 0)
		return 0;
	return exd_error_set(err, EXD_ERR_NETWORK, 0,
			     "invalid %s port %s: strconv.ParseInt: parsing \"%s\": %s", what, text,
			     text, why);
}

static int check_ports(const struct binding *binding, struct exd_error *err)
{
	int64_t external = 0, internal = 0;
	/* the host's port is called the container's there, and here */
	int r = check_number("container", binding->host_port, &external, err);

	if (r == 0)
		r = check_number("internal", binding->port, &internal, err);
	if (r < 0)
		return r;
	if (external < 0 || external > PORT_MAX || internal < 0 || internal > PORT_MAX)
		return refuse(err, "specified NAT port is not in allowed range");
	return 0;
}

static int check_binding(const struct exd_command *command, const struct binding *binding,
			 struct exd_error *err)
{
	int same;

	if (!protocol_of(binding))
		return exd_error_set(err, EXD_ERR_NETWORK, 0, "invalid protocol %s",
				     binding->protocol);
	same = count_same(command, binding);
	if (same < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read hcs_ports");
	if (same > 1)
		return refuse(err,
			      "Windows does not support more than one host port in NAT settings");
	if (*binding->host_ip)
		return refuse(err, "Windows does not support host IP addresses in NAT settings");
	return check_ports(binding, err);
}

int nat_check(const struct exd_command *command, struct exd_error *err)
{
	size_t count = exd_command_count(command, EXD_KEY_HCS_PORTS);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const char *text = exd_command_item(command, EXD_KEY_HCS_PORTS, i);
		cleanup_binding struct binding binding = {NULL, NULL, NULL, NULL, NULL};

		if (binding_split(text, &binding) < 0)
			return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM,
					     "cannot read hcs_ports");
		r = check_binding(command, &binding, err);
	}
	return r;
}

int nat_put(const struct exd_command *command, struct json_object *bindings)
{
	size_t count = exd_command_count(command, EXD_KEY_HCS_PORTS);
	bool failed = false;

	for (size_t i = 0; i < count && !failed; i++) {
		const char *text = exd_command_item(command, EXD_KEY_HCS_PORTS, i), *why;
		cleanup_binding struct binding binding = {NULL, NULL, NULL, NULL, NULL};
		struct json_object *entry;
		int64_t internal = 0, external = 0;

		if (binding_split(text, &binding) < 0)
			return -ENOMEM;
		(void)number(binding.port, &internal, &why);
		(void)number(binding.host_port, &external, &why);
		entry = element_put(&failed, bindings, json_object_new_object());
		member_text(&failed, entry, "Protocol", protocol_of(&binding));
		member_number(&failed, entry, "InternalPort", internal);
		member_number(&failed, entry, "ExternalPort", external);
	}
	return failed ? -ENOMEM : 0;
}
