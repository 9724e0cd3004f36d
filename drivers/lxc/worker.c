/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * execdriver-lxc-worker: starts one container, or one process in one, by liblxc, and speaks
 * <execdriver/worker.h> with the monitor that started it.
 */
#include "drivers/lxc/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execdriver/error.h>
#include <execdriver/version.h>
#include <execdriver/worker.h>

static bool read_recipe(struct worker *w)
{
	const char *line = NULL;
	struct stat st;

	if (fstat(WORKER_RECIPE_FD, &st) < 0 || st.st_size <= 0)
		return false;
	w->size = (size_t)st.st_size;
	w->recipe = malloc(w->size);
	if (!w->recipe || pread(WORKER_RECIPE_FD, w->recipe, w->size, 0) != st.st_size ||
	    w->recipe[w->size - 1] != '\0')
		return false;
	while ((line = words_next(w->recipe, w->size, line))) {
		const char *name = words_is(line, "name"), *path = words_is(line, "path"),
			   *init = words_is(line, "init");

		w->name = name ? name : w->name;
		w->path = path ? path : w->path;
		w->init = init ? init : w->init;
		w->attach |= words_is(line, "attach") != NULL;
		w->user_namespace |= strcmp(line, "attach user") == 0;
	}
	return w->name && w->path && (w->attach || w->init);
}

void worker_let_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3 && null >= 0; i++)
		(void)dup2(null, i);
	if (null > 2)
		(void)close(null);
}

/* liblxc knows families as "lxc.net." or "lxc.sysctl", and what is below only when it is set. */
static bool is_supported(const char *item)
{
	char name[128];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s", item);

	if (n >= sizeof(name))
		return false;
	while (!lxc_config_item_is_supported(name)) {
		char *dot = strrchr(name, '.');

		if (!dot || dot == strchr(name, '.'))
			return false;
		/* with the dot first, then without */
		dot[dot[1] ? 1 : 0] = '\0';
	}
	return true;
}

static bool set_item(struct worker *w, struct lxc_container *container, char *item)
{
	char *value = strchr(item, '='), text[400];
	const char *problem = NULL;

	if (!value)
		return true;
	*value++ = '\0';
	if (!is_supported(item))
		problem = "this liblxc does not know";
	else if (!container->set_config_item(container, item, value))
		problem = "liblxc refuses";
	if (!problem)
		return true;
	(void)snprintf(text, sizeof(text), "%s %s = %s", problem, item, value);
	worker_failed(w, EXD_ERR_UNSUPPORTED, 0, text);
	return false;
}

struct lxc_container *worker_container(struct worker *w)
{
	struct lxc_container *container = lxc_container_new(w->name, w->path);
	const char *line = NULL;

	if (!container) {
		worker_failed(w, EXD_ERR_SYSTEM, errno, "liblxc makes no container object");
		return NULL;
	}
	container->clear_config(container);
	while ((line = words_next(w->recipe, w->size, line))) {
		const char *set = words_is(line, "set");
		char *item = set ? strdup(set) : NULL;
		bool ok = !item || set_item(w, container, item);

		free(item);
		if (!ok)
			return NULL;
	}
	return container;
}

int main(int argc, char **argv)
{
	struct worker w = {.monitor = EXD_WORKER_FD,
			   .pidfd = -1,
			   .line = -1,
			   .below = -1,
			   .tty = -1};

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("execdriver-lxc-worker %s, liblxc %s\n", EXD_VERSION_STRING,
			     lxc_get_version());
		return EXIT_SUCCESS;
	}
	if (argc != 1 || fcntl(w.monitor, F_SETFD, FD_CLOEXEC) < 0) {
		(void)fprintf(stderr,
			      "execdriver-lxc-worker is started by execdriver-monitor, not by "
			      "people: driverctl --driver lxc run\n");
		return EXIT_FAILURE;
	}
	if (!read_recipe(&w)) {
		worker_failed(&w, EXD_ERR_PROTOCOL, EINVAL, "its recipe cannot be read");
		return EXIT_FAILURE;
	}
	return w.attach ? worker_attach(&w) : worker_start(&w);
}
