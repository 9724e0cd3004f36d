/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests run inside containers: one static program, /inside of a root with nothing else in it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK (1 << 20)

/* Takes memory until the kernel ends it. */
static _Noreturn void hog(void)
{
	for (;;) {
		char *chunk = malloc(CHUNK);

		for (size_t i = 0; chunk && i < CHUNK; i += 512)
			*(volatile char *)(chunk + i) = 1;
	}
}

static _Noreturn void rest(void)
{
	for (;;)
		(void)pause();
}

static _Noreturn void burn(void)
{
	for (volatile unsigned int i = 0;; i++)
		;
}

/* Every process of it makes more, for as long as it is let. */
static _Noreturn void bomb(void)
{
	for (;;)
		if (fork() < 0)
			(void)usleep(1000);
}

static void hog_below(void)
{
	pid_t pid = fork();

	if (pid == 0)
		hog();
	while (waitpid(pid, NULL, 0) < 0)
		;
}

/* Leaves a process two forks and a session away. */
static void detach(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		if (fork() == 0)
			rest();
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0)
		;
}

/* Ends when it is told to. */
static int told(int code)
{
	char byte;

	return read(STDIN_FILENO, &byte, 1) == 1 ? code : 99;
}

/* A daemon with processes that want to live: says when it has them. */
static int server(int code)
{
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	for (int i = 0; i < 5; i++)
		detach();
	if (write(STDOUT_FILENO, "r", 1) != 1)
		return 97;
	return told(code);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int code = argc > 2 ? atoi(argv[2]) : 0;

	if (strcmp(what, "exit") == 0)
		return code;
	if (strcmp(what, "rest") == 0)
		rest();
	if (strcmp(what, "hog") == 0)
		hog();
	if (strcmp(what, "burn") == 0)
		burn();
	if (strcmp(what, "bomb") == 0)
		bomb();
	if (strcmp(what, "signal") == 0)
		return kill(getpid(), code) == 0 ? 96 : 95;
	if (strcmp(what, "server") == 0)
		return server(code);
	if (strcmp(what, "told") == 0)
		return told(code);
	if (strcmp(what, "hog-below") == 0) {
		hog_below();
		if (argc < 3)
			rest();
		return code;
	}
	return 98;
}
