/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Container ids: what is one, and new ones. */
#ifndef EXECDRIVER_CORE_IDS_H
#define EXECDRIVER_CORE_IDS_H

#include <stdbool.h>

#include <execdriver/error.h>

#define ID_MAX 128 /* characters */
#define ID_SIZE (ID_MAX + 1)

/*
 * Whether the text is [A-Za-z0-9][A-Za-z0-9_.+-]{0,127}; NULL is not. Such a text is a safe file
 * name.
 */
bool id_valid(const char *id);

/*
 * The same as an error: EXD_ERR_ID that shows (the beginning of) the text and says what an id is.
 */
int id_check(const char *id, struct exd_error *err);

/* 12 random hex digits. Uniqueness is state_create()'s business. EXD_ERR_SYSTEM. */
int id_generate(char id[static ID_SIZE], struct exd_error *err);

#endif
