/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the worker and the first program of a container say to each other before its steps begin. */
#ifndef EXECDRIVER_LXC_START_H
#define EXECDRIVER_LXC_START_H

/* One byte, on the socket that both inherited; the token for the first is one byte as well. */
enum start_word {
	START_HELLO = 'h', /* with the line for its messages and its pidfd */
	START_AGAIN = 'a', /* liblxc started it a second time */
	START_TOKEN = 't', /* with stdin, stdout and stderr unless there is a terminal */
};

/* Exit code of a first program that could not begin. */
#define START_BROKEN 125

#endif
