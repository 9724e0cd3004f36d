/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts that do all at once to the same containers, until one of them or a monitor is killed. */
#ifndef EXECDRIVER_TESTS_ROOT_STORM_H
#define EXECDRIVER_TESTS_ROOT_STORM_H

#include "tests/root/tiny.h"

#define STORM_BOXES 50
#define STORM_HOSTS 4 /* the last one is a shell's stand-in: it runs driverctl */
#define STORM_ID_SIZE 16

/* What all processes of a storm share. */
struct storm {
	volatile int stop;
	volatile int calls;       /* of all hosts so far */
	volatile pid_t driverctl; /* that runs now, or 0 */
	char wrong[256];          /* the first thing that must not be; "": nothing */
};

/* Numbers of a seed: the same ones each time. */
unsigned int storm_random(unsigned int *seed, unsigned int below);
void storm_id(char *id, unsigned int number);

/* Bodies of a host; they end when they are told to stop. */
_Noreturn void storm_host(struct storm *storm, unsigned int number, unsigned int seed);
_Noreturn void storm_driverctl(struct storm *storm, unsigned int seed);

#endif
