/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page on the caller's terminal: drawn with plain ANSI sequences, and given back as it was. */
#include "driverctl/screen.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "driverctl/tty.h"

#define ENTER "\033[?1049h\033[?25l" /* the second screen, without a cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define REVERSE "\033[7m"
#define PLAIN "\033[m"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

/* When the terminal does not tell. */
#define ROWS 24
#define COLUMNS 80

bool screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static int put(const char *text)
{
	return write_all(STDOUT_FILENO, text, strlen(text));
}

/* Keys without Enter and without echo; ^C and ^Z stay signals. */
static int enter(struct screen *screen)
{
	struct termios single;

	screen->keys = tcgetattr(STDIN_FILENO, &screen->saved) == 0;
	if (screen->keys) {
		single = screen->saved;
		single.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		single.c_cc[VMIN] = 1;
		single.c_cc[VTIME] = 0;
		screen->keys = tcsetattr(STDIN_FILENO, TCSADRAIN, &single) == 0;
	}
	return put(ENTER);
}

static void leave(struct screen *screen)
{
	(void)put(LEAVE);
	/* What was typed for us is not for the shell. */
	if (screen->keys)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->saved);
	screen->keys = false;
}

int screen_open(struct screen *screen, struct exd_error *err)
{
	int r;

	*screen = (struct screen){.keys = false};
	r = forward_open(&screen->forward, err);
	if (r < 0)
		return r;
	r = enter(screen);
	if (r < 0) {
		screen_close(screen);
		return exd_error_set(err, EXD_ERR_SYSTEM, -r, "cannot write to standard output");
	}
	return 0;
}

void screen_close(struct screen *screen)
{
	leave(screen);
	forward_close(&screen->forward);
}

/* Bytes of the line's first `columns` characters. */
static size_t cut(const char *line, size_t size, size_t columns)
{
	size_t at = 0;

	for (size_t length = 0; at < size && columns > 0; columns--) {
		length = utf8_length(line + at);
		at += length ? length : 1;
	}
	return at < size ? at : size;
}

int screen_draw(const struct strbuf *text, size_t marked)
{
	cleanup_strbuf struct strbuf out = {0};
	uint16_t rows = ROWS, columns = COLUMNS;
	const char *line = text->text;

	if (text->error)
		return text->error;
	if (!tty_size(&rows, &columns))
		rows = ROWS, columns = COLUMNS;
	(void)sb_add(&out, HOME);
	for (size_t row = 0; line && *line && row < rows; row++) {
		size_t size = strcspn(line, "\n");

		/* Not behind the last line, which would scroll. */
		(void)sb_add(&out, row ? "\r\n" : "");
		(void)sb_add(&out, row == marked ? REVERSE : "");
		(void)sb_add_bytes(&out, line, cut(line, size, columns));
		(void)sb_add(&out, row == marked ? PLAIN CLEAR_LINE : CLEAR_LINE);
		line += size + (line[size] == '\n');
	}
	(void)sb_add(&out, CLEAR_REST);
	return out.error ? out.error : write_all(STDOUT_FILENO, out.text, out.size);
}

/* ^Z: the shell gets its terminal as it was, and we get it anew when we go on. */
static void suspend(struct screen *screen)
{
	leave(screen);
	forward_stop_self();
	(void)enter(screen);
}

static enum screen_event take_signal(struct screen *screen, int *number)
{
	*number = forward_next(&screen->forward);
	if (*number == SIGTSTP)
		suspend(screen);
	return *number && *number != SIGTSTP && *number != SIGWINCH ? SCREEN_SIGNAL
								    : SCREEN_RESIZED;
}

/* The end of standard input is no key: the terminal went, and SIGHUP is on its way or was ignored. */
static enum screen_event take_key(struct screen *screen, int *key)
{
	unsigned char byte;

	if (read(STDIN_FILENO, &byte, 1) == 1) {
		*key = byte;
		return SCREEN_KEY;
	}
	screen->keys = false;
	*key = SIGHUP;
	return SCREEN_SIGNAL;
}

enum screen_event screen_wait(struct screen *screen, int64_t deadline_ms, int *what)
{
	struct pollfd fds[] = {
		{.fd = screen->forward.fd, .events = POLLIN},
		{.fd = screen->keys ? STDIN_FILENO : -1, .events = POLLIN},
	};

	if (poll(fds, 2, clock_left_ms(deadline_ms)) <= 0)
		return SCREEN_TIMEOUT;
	if (fds[0].revents)
		return take_signal(screen, what);
	return take_key(screen, what);
}
