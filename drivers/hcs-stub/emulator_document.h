/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What clients describe in JSON: a system, and a process in it. */
#ifndef EXECDRIVER_HCS_EMULATOR_DOCUMENT_H
#define EXECDRIVER_HCS_EMULATOR_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY_SIZE 160

struct document {
	char *owner;
	char *hostname; /* "" when there is none */
	char *root;     /* directory that processes are to have as their root, or NULL */
	bool hyperv;
};

/*
 * Reads a containerInit document as the service takes it. Returns its code; `why` says more. Paths
 * of this host (they begin with a slash) must exist; those of Windows are only looked at.
 */
uint32_t document_parse(struct document *document, const char *id, const char *text,
			char why[WHY_SIZE]);
void document_clear(struct document *document);

struct parameters {
	char *program; /* looked for in PATH when it has no slash */
	char *directory;
	char **argv; /* one piece of memory */
	char **envp; /* each allocated, NULL-terminated */
	char *command_line;
	bool console;
	uint16_t height;
	uint16_t width;
};

/*
 * Reads the parameters of a process. PATH, HOME, HOSTNAME and, with a console, TERM come from the
 * service where the process has none.
 */
uint32_t parameters_parse(struct parameters *parameters, const char *hostname, const char *text,
			  char why[WHY_SIZE]);
void parameters_clear(struct parameters *parameters);

#endif
