/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listings as tables and as JSON. */
#include "driverctl/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

void listing_init(struct listing *listing, const struct column *columns, bool json)
{
	*listing = (struct listing){.columns = columns, .json = json};
	while (columns[listing->width].title || columns[listing->width].name)
		listing->width++;
}

static struct cell *add_cell(struct listing *listing)
{
	size_t room = listing->room ? listing->room * 2 : 64;
	struct cell *cells;

	if (listing->error)
		return NULL;
	if (listing->count == listing->room) {
		cells = reallocarray(listing->cells, room, sizeof(*cells));
		if (!cells) {
			listing->error = -ENOMEM;
			return NULL;
		}
		listing->cells = cells;
		listing->room = room;
	}
	listing->cells[listing->count] = (struct cell){0};
	return &listing->cells[listing->count++];
}

void listing_text(struct listing *listing, const char *text)
{
	struct cell *cell = add_cell(listing);

	if (!cell)
		return;
	cell->text = strdup(text);
	cell->set = true;
	if (!cell->text)
		listing->error = -ENOMEM;
}

void listing_number(struct listing *listing, uint64_t number)
{
	struct cell *cell = add_cell(listing);

	if (!cell)
		return;
	cell->number = number;
	cell->set = true;
}

void listing_none(struct listing *listing)
{
	(void)add_cell(listing);
}

static void forget_cells(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->cells[i].text);
	listing->count = 0;
}

void listing_free(struct listing *listing)
{
	forget_cells(listing);
	free(listing->cells);
	listing->cells = NULL;
	listing->room = 0;
}

void time_text(char out[TIME_TEXT_MAX], uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;
	size_t size = 0;

	if (gmtime_r(&seconds, &tm))
		size = strftime(out, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + size, TIME_TEXT_MAX - size, ".%03uZ",
		       (unsigned int)(ns / 1000000u % 1000u));
}

static void add_bytes_text(struct strbuf *sb, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	double shown = (double)bytes;
	size_t unit = 0;

	while (shown >= 1024 && unit + 2 < sizeof(units)) {
		shown /= 1024;
		unit++;
	}
	(void)sb_addf(sb, unit && shown < 100 ? "%.1f%c" : "%.0f%c", shown, units[unit]);
}

/* Names and arguments come from containers: nothing of theirs may steer the reader's terminal. */
static void add_safe(struct strbuf *sb, const char *text)
{
	for (; *text; text++)
		(void)sb_add_bytes(sb, (unsigned char)*text < 0x20 || *text == 0x7f ? "?" : text,
				   1);
}

static void add_value(struct strbuf *sb, const struct cell *cell, enum column_kind kind, bool json)
{
	char time[TIME_TEXT_MAX];

	switch (kind) {
	case COLUMN_TEXT:
		if (json)
			(void)sb_add_json(sb, cell->text);
		else
			add_safe(sb, cell->text);
		break;
	case COLUMN_JSON:
		(void)sb_add(sb, cell->text);
		break;
	case COLUMN_BYTES:
		if (json)
			(void)sb_addf(sb, "%" PRIu64, cell->number);
		else
			add_bytes_text(sb, cell->number);
		break;
	case COLUMN_NUMBER:
		(void)sb_addf(sb, "%" PRIu64, cell->number);
		break;
	case COLUMN_TIME:
		time_text(time, cell->number);
		(void)sb_addf(sb, json ? "\"%s\"" : "%s", time);
		break;
	case COLUMN_BOOL:
		(void)sb_add(sb, json ? (cell->number ? "true" : "false")
				      : (cell->number ? "yes" : "no"));
		break;
	}
}

static void add_json_row(struct strbuf *sb, const struct listing *listing, const struct cell *cells)
{
	const char *between = "{";

	for (size_t i = 0; i < listing->width; i++) {
		const struct column *column = &listing->columns[i];

		if (!column->name)
			continue;
		(void)sb_addf(sb, "%s\"%s\": ", between, column->name);
		between = ", ";
		if (cells[i].set)
			add_value(sb, &cells[i], column->kind, true);
		else
			(void)sb_add(sb, "null");
	}
	(void)sb_add(sb, "}\n");
}

/* The table's texts, made once to measure them and again to print them. */
static char *cell_text(const struct listing *listing, const struct cell *cells, size_t i)
{
	struct strbuf sb = {0};

	if (cells[i].set)
		add_value(&sb, &cells[i], listing->columns[i].kind, false);
	else
		(void)sb_add(&sb, "-");
	return sb_take(&sb);
}

/* Columns of a UTF-8 text, near enough: continuation bytes take none. */
static size_t shown_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static bool is_right(enum column_kind kind)
{
	return kind == COLUMN_NUMBER || kind == COLUMN_BYTES || kind == COLUMN_JSON;
}

static void add_padding(struct strbuf *sb, size_t width)
{
	while (width--)
		(void)sb_add(sb, " ");
}

/* One line: titles when `cells` is NULL. The last column is not padded. */
static void add_table_row(struct strbuf *sb, const struct listing *listing,
			  const struct cell *cells, const size_t *widths)
{
	size_t last = listing->width;

	while (last && !listing->columns[last - 1].title)
		last--;
	for (size_t i = 0; i < last; i++) {
		const struct column *column = &listing->columns[i];
		cleanup_free char *text = NULL;
		size_t padding;

		if (!column->title)
			continue;
		text = cells ? cell_text(listing, cells, i) : strdup(column->title);
		if (!text) {
			sb->error = -ENOMEM;
			return;
		}
		padding = widths[i] - shown_width(text);
		if (is_right(column->kind))
			add_padding(sb, padding);
		(void)sb_add(sb, text);
		if (i + 1 < last && !is_right(column->kind))
			add_padding(sb, padding);
		(void)sb_add(sb, i + 1 < last ? "  " : "\n");
	}
}

static int measure(const struct listing *listing, size_t *widths)
{
	for (size_t i = 0; i < listing->width; i++)
		if (listing->columns[i].title && !listing->bare)
			widths[i] = strlen(listing->columns[i].title);
	for (size_t at = 0; at < listing->count; at += listing->width) {
		for (size_t i = 0; i < listing->width; i++) {
			cleanup_free char *text = NULL;

			if (!listing->columns[i].title)
				continue;
			text = cell_text(listing, &listing->cells[at], i);
			if (!text)
				return -ENOMEM;
			if (shown_width(text) > widths[i])
				widths[i] = shown_width(text);
		}
	}
	return 0;
}

static int add_table(struct strbuf *sb, const struct listing *listing)
{
	cleanup_free size_t *widths = calloc(listing->width, sizeof(*widths));

	if (!widths || measure(listing, widths) < 0)
		return -ENOMEM;
	if (!listing->bare)
		add_table_row(sb, listing, NULL, widths);
	for (size_t at = 0; at < listing->count; at += listing->width)
		add_table_row(sb, listing, &listing->cells[at], widths);
	return sb->error;
}

int listing_render(struct listing *listing, struct strbuf *out)
{
	int r = listing->error;

	if (r == 0 && listing->json) {
		for (size_t at = 0; at < listing->count; at += listing->width)
			add_json_row(out, listing, &listing->cells[at]);
		r = out->error;
	} else if (r == 0) {
		r = add_table(out, listing);
	}
	forget_cells(listing);
	return r;
}

int listing_print(struct listing *listing, struct exd_error *err)
{
	cleanup_strbuf struct strbuf sb = {0};

	if (listing_render(listing, &sb) < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot print");
	if (sb.size)
		(void)fwrite(sb.text, 1, sb.size, stdout);
	return print_flush(err);
}

int print_flush(struct exd_error *err)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return exd_error_set(err, EXD_ERR_SYSTEM, errno ? errno : EIO,
			     "cannot write to standard output");
}
