/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command -> what the service calls containerInit. */
#include "drivers/hcs-stub/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/hcs-stub/guid.h"
#include "drivers/hcs-stub/hcs.h"
#include "drivers/hcs-stub/members.h"
#include "drivers/hcs-stub/nat.h"

#define OWNER "docker"
#define DEFAULT_SWITCH "Virtual Switch"

struct document {
	const struct stub *stub;
	const struct exd_command *command;
	struct json_object *json;
	bool failed;
};

bool stub_is_hyperv(const struct stub *stub, const struct exd_command *command)
{
	const char *isolation = exd_command_string(command, EXD_KEY_HCS_ISOLATION, "default");

	if (strcmp(isolation, "default") == 0)
		return stub->hyperv;
	return strcmp(isolation, "hyperv") == 0;
}

static bool is_separator(char c)
{
	return c == '/' || c == '\\';
}

/* Length of a path without separators at its end. */
static size_t trimmed(const char *path, size_t size)
{
	while (size > 1 && is_separator(path[size - 1]) && path[size - 2] != ':')
		size--;
	return size;
}

/* Where its last part begins; paths are of Windows or of this host. */
static size_t last_part(const char *path, size_t size)
{
	while (size > 0 && !is_separator(path[size - 1]))
		size--;
	return size;
}

static char *folder_of(const char *path)
{
	size_t begin = last_part(path, trimmed(path, strlen(path)));

	return begin == 0 ? strdup(".") : strndup(path, trimmed(path, begin));
}

static char *name_of(const char *path)
{
	size_t size = trimmed(path, strlen(path)), begin = last_part(path, size);

	return strndup(path + begin, size - begin);
}

static void put_layer(struct document *doc, struct json_object *layers, const char *path)
{
	struct json_object *layer = element_put(&doc->failed, layers, json_object_new_object());
	bool old = doc->stub->schema == STUB_SCHEMA_1_8;
	cleanup_free char *name = name_of(path);
	char guid[HCS_GUID_SIZE];

	if (!name) {
		doc->failed = true;
		return;
	}
	if (old)
		guid_of_path(path, guid);
	else
		hcs_name_to_guid(name, guid);
	member_text(&doc->failed, layer, old ? "Id" : "ID", guid);
	member_text(&doc->failed, layer, "Path", path);
}

static void put_layers(struct document *doc)
{
	struct json_object *layers =
		member_put(&doc->failed, doc->json, "Layers", json_object_new_array());
	size_t count = exd_command_count(doc->command, EXD_KEY_HCS_LAYERS);

	for (size_t i = 0; i < count; i++)
		put_layer(doc, layers, exd_command_item(doc->command, EXD_KEY_HCS_LAYERS, i));
}

/* The service takes no colons in an address, and looks at nothing else of it. */
static void put_mac(struct document *doc, struct json_object *device)
{
	const char *mac = exd_command_string(doc->command, EXD_KEY_HCS_MAC, NULL);
	cleanup_free char *dashes = mac ? strdup(mac) : NULL;
	struct json_object *settings;

	if (!mac) {
		member_null(&doc->failed, device, "Settings");
		return;
	}
	if (!dashes) {
		doc->failed = true;
		return;
	}
	for (char *colon = dashes; (colon = strchr(colon, ':'));)
		*colon = '-';
	settings = member_put(&doc->failed, device, "Settings", json_object_new_object());
	member_text(&doc->failed, settings, "MacAddress", dashes);
}

static void put_devices(struct document *doc)
{
	bool *failed = &doc->failed;
	struct json_object *devices, *device, *connection, *nat, *ports;

	devices = member_put(failed, doc->json, "Devices", json_object_new_array());
	if (!stub_has_network(doc->command))
		return;
	device = element_put(failed, devices, json_object_new_object());
	member_text(failed, device, "DeviceType", "Network");
	connection = member_put(failed, device, "Connection", json_object_new_object());
	member_text(failed, connection, "NetworkName",
		    exd_command_string(doc->command, EXD_KEY_HCS_NETWORK, DEFAULT_SWITCH));
	member_bool(failed, connection, "EnableNat", false);
	nat = member_put(failed, connection, "Nat", json_object_new_object());
	member_text(failed, nat, "Name", doc->stub->nat_name);
	ports = member_put(failed, nat, "PortBindings", json_object_new_array());
	if (!*failed && nat_put(doc->command, ports) < 0)
		*failed = true;
	put_mac(doc, device);
}

static void put_directories(struct document *doc)
{
	struct json_object *list =
		member_put(&doc->failed, doc->json, "MappedDirectories", json_object_new_array());
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	for (size_t i = 0; exd_command_mount(doc->command, i, &mount); i++) {
		struct json_object *directory =
			element_put(&doc->failed, list, json_object_new_object());

		member_text(&doc->failed, directory, "HostPath", mount.source);
		member_text(&doc->failed, directory, "ContainerPath", mount.target);
		member_bool(&doc->failed, directory, "ReadOnly", mount.flags & EXD_MOUNT_READONLY);
	}
}

static void put_sandbox(struct document *doc)
{
	const char *own = exd_command_string(doc->command, EXD_KEY_HCS_LAYER_FOLDER, NULL);
	bool hyperv = stub_is_hyperv(doc->stub, doc->command);
	cleanup_free char *folder = hyperv && own ? folder_of(own) : strdup("");

	if (folder)
		member_text(&doc->failed, doc->json, "SandboxPath", folder);
	else
		doc->failed = true;
	member_bool(&doc->failed, doc->json, "HvPartition", hyperv);
}

static void put_storage(struct document *doc)
{
	const struct exd_command *command = doc->command;

	member_text(&doc->failed, doc->json, "VolumePath",
		    exd_command_string(command, EXD_KEY_ROOTFS, ""));
	put_devices(doc);
	member_bool(&doc->failed, doc->json, "IgnoreFlushesDuringBoot",
		    exd_command_bool(command, EXD_KEY_HCS_FIRST_START));
	member_text(&doc->failed, doc->json, "LayerFolderPath",
		    exd_command_string(command, EXD_KEY_HCS_LAYER_FOLDER, ""));
	put_layers(doc);
}

/* 1.9 has the weight always, 0 being the service's own choice; 1.10 leaves a 0 out. */
static void put_weight_and_name(struct document *doc)
{
	int64_t weight = exd_command_number(doc->command, EXD_KEY_CPU_SHARES, 0);

	if (doc->stub->schema == STUB_SCHEMA_1_8)
		return;
	if (doc->stub->schema == STUB_SCHEMA_1_9 || weight)
		member_number(&doc->failed, doc->json, "ProcessorWeight", weight);
	member_text(&doc->failed, doc->json, "HostName",
		    exd_command_string(doc->command, EXD_KEY_HOSTNAME, ""));
}

int stub_document(const struct stub *stub, const struct exd_command *command,
		  struct json_object **out, struct exd_error *err)
{
	cleanup_json struct json_object *json = json_object_new_object();
	struct document doc = {.stub = stub, .command = command, .json = json};

	member_text(&doc.failed, json, "SystemType", "Container");
	member_text(&doc.failed, json, "Name", exd_command_string(command, EXD_KEY_ID, ""));
	if (stub->schema > STUB_SCHEMA_1_8)
		member_text(&doc.failed, json, "Owner", OWNER);
	member_bool(&doc.failed, json, "IsDummy", stub->dummy);
	put_storage(&doc);
	put_weight_and_name(&doc);
	if (stub->schema >= STUB_SCHEMA_1_10) {
		put_directories(&doc);
		put_sandbox(&doc);
	}
	if (doc.failed)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot write the document");
	*out = take_ptr(&json);
	return 0;
}
