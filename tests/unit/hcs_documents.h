/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the driver hcs-stub must make of commands, written by hand: documents of containers,
 * parameters of processes, and what is refused with which text.
 */
#ifndef EXECDRIVER_TESTS_UNIT_HCS_DOCUMENTS_H
#define EXECDRIVER_TESTS_UNIT_HCS_DOCUMENTS_H

#include <stddef.h>

/* clang-format off */

/* JSON as it is, without quotes around it. */
#define JSON(...) #__VA_ARGS__

#define KEYS_MAX 16

struct pair {
	const char *key, *value;
};

/* Every command has the id "box" and the program "cmd" unless its keys say otherwise. */
static const struct golden {
	const char *row;     /* what of the service's document it is about */
	const char *options; /* of the driver, as in its file */
	struct pair keys[KEYS_MAX];
	const char *expected;
} documents[] = {
	{"containerInit: nothing asked for, 1.10 is the default", "", {{NULL, NULL}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "", "Layers": [], "HostName": "", "MappedDirectories": [],
	       "SandboxPath": "", "HvPartition": false})},
	{"containerInit 1.9: Owner and HostName, weight always, no directories, no partition",
	 "schema = \"1.9\";", {{"hostname", "www"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "", "Layers": [], "ProcessorWeight": 0, "HostName": "www"})},
	{"containerInit 1.8: no Owner, no HostName, no weight", "schema = \"1.8\";", {{NULL, NULL}},
	 JSON({"SystemType": "Container", "Name": "box", "IsDummy": false, "VolumePath": "",
	       "Devices": [], "IgnoreFlushesDuringBoot": false, "LayerFolderPath": "",
	       "Layers": []})},
	{"VolumePath = Rootfs, HostName, IgnoreFlushesDuringBoot = FirstStart", "",
	 {{"rootfs", "/srv/root"}, {"hostname", "www"}, {"hcs_first_start", "yes"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "/srv/root", "Devices": [], "IgnoreFlushesDuringBoot": true,
	       "LayerFolderPath": "", "Layers": [], "HostName": "www", "MappedDirectories": [],
	       "SandboxPath": "", "HvPartition": false})},
	{"IsDummy by the option dummy", "dummy = true;", {{NULL, NULL}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": true,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "", "Layers": [], "HostName": "", "MappedDirectories": [],
	       "SandboxPath": "", "HvPartition": false})},
	{"Layers, ID by the last part of the path, top image layer first", "",
	 {{"hcs_layers", "C:\\layers\\app"}, {"hcs_layers", "D:\\other\\windowsservercore"},
	  {"hcs_layers", "/layers/4"}, {"hcs_layer_folder", "C:\\layers\\box"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "C:\\layers\\box",
	       "Layers": [
		{"ID": "de37ed9e-8a59-57e9-a274-1993763264cc", "Path": "C:\\layers\\app"},
		{"ID": "37499127-9c06-5b0e-897c-49421ada99a1",
		 "Path": "D:\\other\\windowsservercore"},
		{"ID": "3d4f9a24-74b8-58fb-8ec8-e50295ece37f", "Path": "/layers/4"}],
	       "HostName": "", "MappedDirectories": [], "SandboxPath": "",
	       "HvPartition": false})},
	{"Layers 1.8: Id, the first 16 bytes of the SHA-1 of the whole path", "schema = \"1.8\";",
	 {{"hcs_layers", "C:\\layers\\app"}, {"hcs_layers", "C:\\layers\\base"}},
	 JSON({"SystemType": "Container", "Name": "box", "IsDummy": false, "VolumePath": "",
	       "Devices": [], "IgnoreFlushesDuringBoot": false, "LayerFolderPath": "",
	       "Layers": [
		{"Id": "b5421163-fd2d-4528-cb13-58229c5706e0", "Path": "C:\\layers\\app"},
		{"Id": "1d61c8af-6a08-4ee9-0223-9dd724a01943", "Path": "C:\\layers\\base"}]})},
	{"HvPartition and SandboxPath = folder of LayerFolder; VolumePath and LayerFolderPath stay",
	 "",
	 {{"hcs_isolation", "hyperv"}, {"rootfs", "/srv/root"},
	  {"hcs_layer_folder", "C:\\ProgramData\\docker\\windowsfilter\\box"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "/srv/root", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "C:\\ProgramData\\docker\\windowsfilter\\box", "Layers": [],
	       "HostName": "", "MappedDirectories": [],
	       "SandboxPath": "C:\\ProgramData\\docker\\windowsfilter", "HvPartition": true})},
	{"option isolation = hyperv; SandboxPath of a path with slashes", "isolation = \"hyperv\";",
	 {{"hcs_isolation", "default"}, {"hcs_layer_folder", "/layers/box/"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "/layers/box/", "Layers": [], "HostName": "",
	       "MappedDirectories": [], "SandboxPath": "/layers", "HvPartition": true})},
	{"the command's isolation beats the option", "isolation = \"hyperv\";",
	 {{"hcs_isolation", "process"}, {"hcs_layer_folder", "/layers/box"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "/layers/box", "Layers": [], "HostName": "",
	       "MappedDirectories": [], "SandboxPath": "", "HvPartition": false})},
	{"MappedDirectories, in order", "",
	 {{"mounts", "/srv/data:/data"}, {"mounts", "/srv/ro:/ro:ro"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "", "Layers": [], "HostName": "",
	       "MappedDirectories": [
		{"HostPath": "/srv/data", "ContainerPath": "/data", "ReadOnly": false},
		{"HostPath": "/srv/ro", "ContainerPath": "/ro", "ReadOnly": true}],
	       "SandboxPath": "", "HvPartition": false})},
	{"Device: the default switch, EnableNat always false, Settings null without MAC", "",
	 {{"network", "private"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "",
	       "Devices": [{"DeviceType": "Network",
		"Connection": {"NetworkName": "Virtual Switch", "EnableNat": false,
			       "Nat": {"Name": "ContainerNAT", "PortBindings": []}},
		"Settings": null}],
	       "IgnoreFlushesDuringBoot": false, "LayerFolderPath": "", "Layers": [],
	       "HostName": "", "MappedDirectories": [], "SandboxPath": "",
	       "HvPartition": false})},
	{"Device: NetworkName = Bridge, MAC with dashes and nothing else checked", "",
	 {{"hcs_network", "Lab"}, {"hcs_mac", "02:42:aC:11:00:02"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "",
	       "Devices": [{"DeviceType": "Network",
		"Connection": {"NetworkName": "Lab", "EnableNat": false,
			       "Nat": {"Name": "ContainerNAT", "PortBindings": []}},
		"Settings": {"MacAddress": "02-42-aC-11-00-02"}}],
	       "IgnoreFlushesDuringBoot": false, "LayerFolderPath": "", "Layers": [],
	       "HostName": "", "MappedDirectories": [], "SandboxPath": "",
	       "HvPartition": false})},
	{"Nat: port bindings, protocol in capitals, tcp unless it says", "",
	 {{"hcs_ports", "8080:80/tcp"}, {"hcs_ports", "53:53/udp"}, {"hcs_ports", "8443:443"},
	  {"hcs_ports", "53:53/Tcp"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "",
	       "Devices": [{"DeviceType": "Network",
		"Connection": {"NetworkName": "Virtual Switch", "EnableNat": false,
			       "Nat": {"Name": "ContainerNAT", "PortBindings": [
				{"Protocol": "TCP", "InternalPort": 80, "ExternalPort": 8080},
				{"Protocol": "UDP", "InternalPort": 53, "ExternalPort": 53},
				{"Protocol": "TCP", "InternalPort": 443, "ExternalPort": 8443},
				{"Protocol": "TCP", "InternalPort": 53, "ExternalPort": 53}]}},
		"Settings": null}],
	       "IgnoreFlushesDuringBoot": false, "LayerFolderPath": "", "Layers": [],
	       "HostName": "", "MappedDirectories": [], "SandboxPath": "",
	       "HvPartition": false})},
	{"Nat: the edges of the allowed range, and the name by option", "nat_name = \"Lab NAT\";",
	 {{"network", "private"}, {"hcs_ports", "0:65535/udp"}, {"hcs_ports", "65535:0"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "",
	       "Devices": [{"DeviceType": "Network",
		"Connection": {"NetworkName": "Virtual Switch", "EnableNat": false,
			       "Nat": {"Name": "Lab NAT", "PortBindings": [
				{"Protocol": "UDP", "InternalPort": 65535, "ExternalPort": 0},
				{"Protocol": "TCP", "InternalPort": 0, "ExternalPort": 65535}]}},
		"Settings": null}],
	       "IgnoreFlushesDuringBoot": false, "LayerFolderPath": "", "Layers": [],
	       "HostName": "", "MappedDirectories": [], "SandboxPath": "",
	       "HvPartition": false})},
	{"ProcessorWeight = CPUShares, 1.10: up to 10000", "", {{"cpu_shares", "10000"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "", "Layers": [], "ProcessorWeight": 10000, "HostName": "",
	       "MappedDirectories": [], "SandboxPath": "", "HvPartition": false})},
	{"ProcessorWeight 1.9: 1 to 9; the device is the same", "schema = \"1.9\";",
	 {{"cpu_shares", "9"}, {"hcs_mac", "02:42:ac:11:00:02"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "",
	       "Devices": [{"DeviceType": "Network",
		"Connection": {"NetworkName": "Virtual Switch", "EnableNat": false,
			       "Nat": {"Name": "ContainerNAT", "PortBindings": []}},
		"Settings": {"MacAddress": "02-42-ac-11-00-02"}}],
	       "IgnoreFlushesDuringBoot": false, "LayerFolderPath": "", "Layers": [],
	       "ProcessorWeight": 9, "HostName": ""})},
	{"best_effort: limits that the document has no place for are left out", "",
	 {{"memory", "64m"}, {"pids_limit", "5"}, {"best_effort", "yes"}},
	 JSON({"SystemType": "Container", "Name": "box", "Owner": "docker", "IsDummy": false,
	       "VolumePath": "", "Devices": [], "IgnoreFlushesDuringBoot": false,
	       "LayerFolderPath": "", "Layers": [], "HostName": "", "MappedDirectories": [],
	       "SandboxPath": "", "HvPartition": false})},
};

/* Arguments come apart at '|'. */
static const struct golden_process {
	const char *row;
	const char *options;
	const char *args;
	struct pair keys[KEYS_MAX];
	const char *expected;
} processes[] = {
	{"a program alone", "", "cmd", {{NULL, NULL}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd", "WorkingDirectory": "",
	       "Environment": {}, "EmulateConsole": false, "ConsoleSize": [0, 0]})},
	{"empty arguments, blanks and tabs are wrapped", "", "cmd||a b|c\td|e", {{NULL, NULL}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd \"\" \"a b\" \"c\td\" e",
	       "WorkingDirectory": "", "Environment": {}, "EmulateConsole": false,
	       "ConsoleSize": [0, 0]})},
	{"quotes get a backslash", "", "cmd|say \"hi\"|\"", {{NULL, NULL}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd \"say \\\"hi\\\"\" \\\"",
	       "WorkingDirectory": "", "Environment": {}, "EmulateConsole": false,
	       "ConsoleSize": [0, 0]})},
	{"backslashes are doubled only before a quote, also the closing one", "",
	 "cmd|C:\\dir\\|C:\\my dir\\|\\\\\"|a\\b", {{NULL, NULL}},
	 JSON({"ApplicationName": "",
	       "CommandLine": "cmd C:\\dir\\ \"C:\\my dir\\\\\" \\\\\\\\\\\" a\\b",
	       "WorkingDirectory": "", "Environment": {}, "EmulateConsole": false,
	       "ConsoleSize": [0, 0]})},
	{"the entry point is never quoted", "", "C:\\Program Files\\x.exe|a b", {{NULL, NULL}},
	 JSON({"ApplicationName": "", "CommandLine": "C:\\Program Files\\x.exe \"a b\"",
	       "WorkingDirectory": "", "Environment": {}, "EmulateConsole": false,
	       "ConsoleSize": [0, 0]})},
	{"ArgsEscaped: as they are", "", "cmd|/c|echo \"a b\"", {{"hcs_args_escaped", "yes"}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd /c echo \"a b\"",
	       "WorkingDirectory": "", "Environment": {}, "EmulateConsole": false,
	       "ConsoleSize": [0, 0]})},
	{"1.9 always quotes", "schema = \"1.9\";", "cmd|a b", {{NULL, NULL}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd \"a b\"", "WorkingDirectory": "",
	       "Environment": {}, "EmulateConsole": false, "ConsoleSize": [0, 0]})},
	{"1.8 never quotes", "schema = \"1.8\";", "cmd|a b", {{NULL, NULL}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd a b", "WorkingDirectory": "",
	       "Environment": {}, "EmulateConsole": false, "ConsoleSize": [0, 0]})},
	{"Environment, split at the first =", "", "cmd",
	 {{"env", "A=b"}, {"env", "OPTS=--x=1 --y=2"}, {"env", "EMPTY="}, {"env", "A=c=d"}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd", "WorkingDirectory": "",
	       "Environment": {"A": "c=d", "OPTS": "--x=1 --y=2", "EMPTY": ""},
	       "EmulateConsole": false, "ConsoleSize": [0, 0]})},
	{"WorkingDirectory", "", "cmd", {{"cwd", "/srv/my dir"}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd", "WorkingDirectory": "/srv/my dir",
	       "Environment": {}, "EmulateConsole": false, "ConsoleSize": [0, 0]})},
	{"EmulateConsole, ConsoleSize height first", "", "cmd",
	 {{"tty", "yes"}, {"tty_size", "50x132"}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd", "WorkingDirectory": "",
	       "Environment": {}, "EmulateConsole": true, "ConsoleSize": [50, 132]})},
	{"ConsoleSize is zero without a console", "", "cmd", {{"tty_size", "50x132"}},
	 JSON({"ApplicationName": "", "CommandLine": "cmd", "WorkingDirectory": "",
	       "Environment": {}, "EmulateConsole": false, "ConsoleSize": [0, 0]})},
};

/* In the order in which they are looked for: each row also has all that the rows behind it have. */
static const struct {
	const char *key, *bad, *good; /* good: NULL leaves the key out */
	const char *text;
} in_order[] = {
	{"hcs_ports", "80:80/sctp", NULL, "invalid protocol sctp"},
	{"hcs_ports", "80:81", "81:81",
	 "Windows does not support more than one host port in NAT settings"},
	{"hcs_ports", "127.0.0.1:83:83", NULL,
	 "Windows does not support host IP addresses in NAT settings"},
	{"hcs_ports", "x:84", NULL,
	 "invalid container port x: strconv.ParseInt: parsing \"x\": invalid syntax"},
	{"hcs_ports", ":85", NULL,
	 "invalid container port : strconv.ParseInt: parsing \"\": invalid syntax"},
	{"hcs_ports", "86:99999999999999999999", NULL,
	 "invalid internal port 99999999999999999999: strconv.ParseInt: parsing "
	 "\"99999999999999999999\": value out of range"},
	{"hcs_ports", "87:65536", NULL, "specified NAT port is not in allowed range"},
	{"hcs_ports", "-1:88", NULL, "specified NAT port is not in allowed range"},
	{"args", "", "cmd", "No entrypoint specified"},
	{"network", "host", "none", "invalid network mode: host"},
};

static const struct {
	const char *options, *key, *value, *text;
} unsupported[] = {
	{"schema = \"1.8\";", "rootfs_readonly", "yes",
	 "Windows does not support the read-only root filesystem option"},
	{"schema = \"1.9\";", "rootfs_readonly", "yes",
	 "Windows does not support the read-only root filesystem option"},
	{"schema = \"1.9\";", "user", "bob", "Windows does not support the username option"},
	{"schema = \"1.8\";", "rlimits", "nofile=5", "Windows does not support ulimit options"},
	{"", "user", "bob", "driver hcs-stub does not support the key user"},
	{"", "rlimits", "nofile=5", "driver hcs-stub does not support the key rlimits"},
	{"", "memory", "64m", "driver hcs-stub does not support the key memory"},
	{"", "privileged", "yes", "driver hcs-stub does not support the key privileged"},
	{"", "cap_add", "NET_ADMIN", "driver hcs-stub does not support the key cap_add"},
	{"", "mounts", "tmpfs:/x", "'/x' is not a directory of the host"},
	{"", "mounts", "/a:/b:noexec", "'/b' can only be read-only or not"},
	{"", "cpu_shares", "10001", "cpu_shares 10001 is not from 0 to 10000"},
	{"schema = \"1.9\";", "cpu_shares", "10", "cpu_shares 10 is not from 1 to 9"},
	{"schema = \"1.8\";", "cpu_shares", "5", "schema 1.8 has no cpu_shares"},
	{"schema = \"1.8\";", "hostname", "www", "schema 1.8 has no hostname"},
	{"schema = \"1.9\";", "mounts", "/a:/b", "schema 1.9 has no mounts"},
	{"schema = \"1.9\";", "hcs_isolation", "hyperv", "schema 1.9 has no hcs_isolation"},
	{"schema = \"1.9\";", "hcs_args_escaped", "yes", "schema 1.9 has no hcs_args_escaped"},
};

/* clang-format on */

#endif
