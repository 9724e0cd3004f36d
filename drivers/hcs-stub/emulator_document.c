/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The containerInit document, as the service takes it. */
#include "drivers/hcs-stub/emulator_document.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json_object.h>

#include "base/cleanup.h"

#include "drivers/hcs-stub/emulator_json.h"
#include "drivers/hcs-stub/hcs.h"
#include "drivers/hcs-stub/hcs_text.h"

#define PORT_MAX 65535
#define MAC_SIZE 17

/* All that drivers of 1.8 to 1.11 send. */
static const struct json_member layer_members[] = {
	{.name = "ID", .kind = JSON_STRING},
	{.name = "Id", .kind = JSON_STRING},
	{.name = "Path", .kind = JSON_STRING, .required = true},
	{0},
};
static const struct json_member binding_members[] = {
	{.name = "Protocol", .kind = JSON_STRING, .required = true},
	{.name = "InternalPort", .kind = JSON_NUMBER, .required = true, .max = PORT_MAX},
	{.name = "ExternalPort", .kind = JSON_NUMBER, .required = true, .max = PORT_MAX},
	{0},
};
static const struct json_member nat_members[] = {
	{.name = "Name", .kind = JSON_STRING},
	{.name = "PortBindings", .kind = JSON_LIST, .members = binding_members},
	{0},
};
static const struct json_member connection_members[] = {
	{.name = "NetworkName", .kind = JSON_STRING},
	{.name = "EnableNat", .kind = JSON_BOOL},
	{.name = "Nat", .kind = JSON_OBJECT, .members = nat_members},
	{0},
};
static const struct json_member settings_members[] = {
	{.name = "MacAddress", .kind = JSON_STRING},
	{0},
};
static const struct json_member device_members[] = {
	{.name = "DeviceType", .kind = JSON_STRING, .required = true},
	{.name = "Connection", .kind = JSON_OBJECT, .members = connection_members},
	{.name = "Settings", .kind = JSON_OBJECT, .members = settings_members},
	{0},
};
static const struct json_member directory_members[] = {
	{.name = "HostPath", .kind = JSON_STRING, .required = true},
	{.name = "ContainerPath", .kind = JSON_STRING, .required = true},
	{.name = "ReadOnly", .kind = JSON_BOOL},
	{0},
};
static const struct json_member container_members[] = {
	{.name = "SystemType", .kind = JSON_STRING, .required = true},
	{.name = "Name", .kind = JSON_STRING, .required = true},
	{.name = "Owner", .kind = JSON_STRING},
	{.name = "IsDummy", .kind = JSON_BOOL},
	{.name = "VolumePath", .kind = JSON_STRING},
	{.name = "Devices", .kind = JSON_LIST, .members = device_members},
	{.name = "IgnoreFlushesDuringBoot", .kind = JSON_BOOL},
	{.name = "LayerFolderPath", .kind = JSON_STRING},
	{.name = "Layers", .kind = JSON_LIST, .members = layer_members},
	{.name = "ProcessorWeight", .kind = JSON_NUMBER, .max = 10000},
	{.name = "ProcessorMaximum", .kind = JSON_NUMBER, .max = 10000},
	{.name = "HostName", .kind = JSON_STRING},
	{.name = "MappedDirectories", .kind = JSON_LIST, .members = directory_members},
	{.name = "SandboxPath", .kind = JSON_STRING},
	{.name = "HvPartition", .kind = JSON_BOOL},
	{.name = "StorageIOPSMaximum", .kind = JSON_NUMBER, .max = INT64_MAX},
	{.name = "StorageBandwidthMaximum", .kind = JSON_NUMBER, .max = INT64_MAX},
	{.name = "StorageSandboxSize", .kind = JSON_NUMBER, .max = INT64_MAX},
	{.name = "MemoryMaximumInMB", .kind = JSON_NUMBER, .max = INT64_MAX},
	{0},
};

/* In one of the two worlds. */
static bool is_absolute(const char *path)
{
	return path[0] == '/' || path[0] == '\\' ||
	       (isalpha((unsigned char)path[0]) && path[1] == ':' && path[2] == '\\');
}

static uint32_t check_path(const char *text, const char *what, bool must_exist, char *why)
{
	cleanup_free char *path = hcs_text_decoded(text);
	struct stat st;

	if (!path)
		return HCS_E_OUT_OF_MEMORY;
	if (!is_absolute(path)) {
		(void)snprintf(why, WHY_SIZE, "%s is not absolute", what);
		return HCS_E_BAD_PATH;
	}
	if (must_exist && path[0] == '/' && stat(path, &st) < 0) {
		(void)snprintf(why, WHY_SIZE, "%s is missing", what);
		return HCS_E_PATH_NOT_FOUND;
	}
	return HCS_OK;
}

static uint32_t check_directories(struct json_object *json, char *why)
{
	struct json_object *list = NULL;
	uint32_t result = HCS_OK;

	(void)json_object_object_get_ex(json, "MappedDirectories", &list);
	for (size_t i = 0; list && result == HCS_OK && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		result = check_path(json_text(item, "HostPath"), "HostPath", true, why);
		if (result == HCS_OK)
			result = check_path(json_text(item, "ContainerPath"), "ContainerPath",
					    false, why);
	}
	return result;
}

static uint32_t check_layers(struct json_object *json, char *why)
{
	struct json_object *list = NULL;
	uint32_t result = HCS_OK;

	(void)json_object_object_get_ex(json, "Layers", &list);
	for (size_t i = 0; list && result == HCS_OK && i < json_object_array_length(list); i++)
		result = check_path(json_text(json_object_array_get_idx(list, i), "Path"),
				    "Path of a layer", false, why);
	return result;
}

/* "00-11-22-33-44-55" */
static bool is_mac(const char *mac)
{
	for (size_t i = 0; i < MAC_SIZE; i++)
		if (i % 3 == 2 ? mac[i] != '-' : !isxdigit((unsigned char)mac[i]))
			return false;
	return mac[MAC_SIZE] == '\0';
}

static uint32_t check_device(struct json_object *device, char *why)
{
	struct json_object *settings = NULL;
	const char *mac;

	if (strcmp(json_text(device, "DeviceType"), "Network") != 0) {
		(void)snprintf(why, WHY_SIZE, "DeviceType is not Network");
		return HCS_E_INVALID_ARGUMENT;
	}
	(void)json_object_object_get_ex(device, "Settings", &settings);
	mac = settings ? json_text(settings, "MacAddress") : "";
	if (*mac && !is_mac(mac)) {
		(void)snprintf(why, WHY_SIZE, "MacAddress is not six bytes with dashes");
		return HCS_E_INVALID_ARGUMENT;
	}
	return HCS_OK;
}

static uint32_t check_devices(struct json_object *json, char *why)
{
	struct json_object *list = NULL;
	uint32_t result = HCS_OK;

	(void)json_object_object_get_ex(json, "Devices", &list);
	for (size_t i = 0; list && result == HCS_OK && i < json_object_array_length(list); i++)
		result = check_device(json_object_array_get_idx(list, i), why);
	return result;
}

static uint32_t check(struct json_object *json, const char *id, char *why)
{
	const char *volume = json_text(json, "VolumePath");
	uint32_t result;

	if (strcmp(json_text(json, "SystemType"), "Container") != 0) {
		(void)snprintf(why, WHY_SIZE, "SystemType is not Container");
		return HCS_E_INVALID_ARGUMENT;
	}
	if (strcmp(json_text(json, "Name"), id) != 0) {
		(void)snprintf(why, WHY_SIZE, "Name is not the id");
		return HCS_E_INVALID_ARGUMENT;
	}
	result = *volume ? check_path(volume, "VolumePath", true, why) : HCS_OK;
	if (result == HCS_OK)
		result = check_layers(json, why);
	if (result == HCS_OK)
		result = check_directories(json, why);
	return result == HCS_OK ? check_devices(json, why) : result;
}

/* Where programs may be found in it. */
static bool is_tree(const char *path)
{
	static const char *const holds[] = {"bin", "sbin", "usr"};
	cleanup_close int dir = FD_NONE;

	if (path[0] != '/')
		return false;
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; dir >= 0 && i < sizeof(holds) / sizeof(holds[0]); i++)
		if (faccessat(dir, holds[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

static uint32_t take(struct document *document, struct json_object *json)
{
	cleanup_free char *volume = hcs_text_decoded(json_text(json, "VolumePath"));
	bool tree = volume && is_tree(volume);
	struct document made = {
		.owner = strdup(json_text(json, "Owner")),
		.hostname = strdup(json_text(json, "HostName")),
		.root = tree ? take_ptr(&volume) : NULL,
		.hyperv = json_flag(json, "HvPartition"),
	};

	if (!made.owner || !made.hostname || (!tree && !volume)) {
		document_clear(&made);
		return HCS_E_OUT_OF_MEMORY;
	}
	*document = made;
	return HCS_OK;
}

uint32_t document_parse(struct document *document, const char *id, const char *text,
			char why[WHY_SIZE])
{
	cleanup_json struct json_object *json = json_parse(text);
	uint32_t result;

	if (!json) {
		(void)snprintf(why, WHY_SIZE, "not JSON");
		return HCS_E_INVALID_JSON;
	}
	if (!json_fits(json, container_members, why, WHY_SIZE))
		return HCS_E_INVALID_JSON;
	result = check(json, id, why);
	if (result != HCS_OK)
		return result;
	why[0] = '\0';
	return take(document, json);
}

void document_clear(struct document *document)
{
	free(document->owner);
	free(document->hostname);
	free(document->root);
	*document = (struct document){0};
}
