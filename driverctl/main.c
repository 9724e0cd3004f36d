/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl: entry of the command line. */
#include <stdio.h>
#include <string.h>

#include <execdriver/version.h>

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("driverctl %s\n", exd_version());
		return 0;
	}
	fprintf(stderr, "driverctl: usage: driverctl --version\n");
	return 125;
}
