/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fuzz targets share: their entry, and ways to take an input apart. */
#ifndef EXECDRIVER_TESTS_FUZZ_H
#define EXECDRIVER_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One for each target: called by libFuzzer, and by replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

/* The next byte; 0 at the end. */
uint8_t input_byte(struct input *in);
/* The next two bytes, low one first. */
uint16_t input_word(struct input *in);
/* Up to the next NUL, as a text of its own to be freed: so that a byte read too far is noticed. */
char *input_text(struct input *in);

/* Something that must hold does not: the input is a finding. */
void fuzz_require(bool holds, const char *what);

/* A folder of this process alone, open, which goes at exit; *path, if asked for, is its name. */
int fuzz_folder(const char **path);
/* The file below a folder gets this content; NULL: there is no such file. */
void fuzz_write(int folder, const char *name, const char *text);

/* The lowest free descriptor: of two calls, the later one must not give more. */
int fuzz_lowest_fd(void);

#endif
