/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listings: one set of cells, printed as a table for people or as JSON, one object a line. */
#ifndef EXECDRIVER_DRIVERCTL_PRINT_H
#define EXECDRIVER_DRIVERCTL_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/error.h>

#include "base/strutil.h"

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_BYTES, /* 12.3M in a table */
	COLUMN_TIME,  /* ns of CLOCK_REALTIME; both as RFC 3339 in UTC */
	COLUMN_BOOL,
	COLUMN_JSON /* text that is JSON already */
};

struct column {
	const char *title; /* NULL: not in the table */
	const char *name;  /* NULL: not in JSON */
	enum column_kind kind;
};

struct cell {
	char *text;
	uint64_t number;
	bool set;
};

struct listing {
	const struct column *columns; /* ends with one that has neither title nor name */
	size_t width;                 /* how many columns */
	bool json;
	bool bare; /* no line of titles */
	struct cell *cells;
	size_t count;
	size_t room;
	int error; /* -ENOMEM sticks, as in strbuf */
};

void listing_init(struct listing *listing, const struct column *columns, bool json);
/* The next cell, row by row, in the order of the columns. */
void listing_text(struct listing *listing, const char *text);
void listing_number(struct listing *listing, uint64_t number);
void listing_none(struct listing *listing);
/* Adds the rows to *out and forgets them. 0 or -ENOMEM. */
int listing_render(struct listing *listing, struct strbuf *out);
/* Prints the rows to standard output and forgets them. */
int listing_print(struct listing *listing, struct exd_error *err);
void listing_free(struct listing *listing);
#define cleanup_listing CLEANUP(listing_free)

/* Flushes standard output: a full disk or a closed descriptor is an error. */
int print_flush(struct exd_error *err);

#define TIME_TEXT_MAX 40

void time_text(char out[TIME_TEXT_MAX], uint64_t ns);

#endif
