/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: a container's passwd and group with what is looked up in them. First byte: bit 0 a
 * folder in place of passwd, bit 1 a link, bit 2 no group,
 * bit 3 a passwd that is too large. Then, separated by NUL: passwd, group,
 * USER[:GROUP], a list of groups as an exec gets it, additional groups one a line.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/native/user.h"
#include "tests/fuzz/fuzz.h"

static int root = -1, etc = -1;

static void set_up(void)
{
	if (root >= 0)
		return;
	root = fuzz_folder(NULL);
	fuzz_require(mkdirat(root, "etc", 0700) == 0, "a folder etc");
	etc = openat(root, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void make_large(int dir, const char *name, off_t size)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		fuzz_require(ftruncate(fd, size) == 0, "a large file");
	if (fd >= 0)
		(void)close(fd);
}

static void write_files(uint8_t how, struct input *in)
{
	char *passwd = input_text(in), *group = input_text(in);

	(void)unlinkat(etc, "passwd", AT_REMOVEDIR);
	(void)unlinkat(etc, "passwd", 0);
	if (how & 1)
		(void)mkdirat(etc, "passwd", 0700);
	else if (how & 2)
		fuzz_require(symlinkat("../../../../../etc/group", etc, "passwd") == 0, "a link");
	else
		fuzz_write(etc, "passwd", passwd);
	if (how & 8)
		make_large(etc, "passwd", NATIVE_USERDB_MAX + 1);
	fuzz_write(etc, "group", how & 4 ? NULL : group);
	free(passwd);
	free(group);
}

static void check(const struct native_user *user)
{
	fuzz_require(user->uid != UINT32_MAX && user->gid != UINT32_MAX,
		     "no id means: leave it as it is");
	fuzz_require(user->home && user->home[0] == '/', "a home is absolute");
	for (size_t i = 0; i < user->group_count; i++)
		fuzz_require(user->groups[i] != UINT32_MAX, "no group means: leave it as it is");
}

/* All of them at once, and as the numbers that a record keeps. */
static void look_up_groups(const struct native_userdb *db, char *lines)
{
	struct native_user user = {0}, again = {0};
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_command *command = NULL;
	char *line, *text = NULL;

	fuzz_require(exd_command_new(&command, NULL) == 0, "a command");
	while ((line = strsep(&lines, "\n")))
		(void)exd_command_add(command, EXD_KEY_GROUPS, line, NULL);
	if (native_user_add_groups(db, command, &user, &err) == 0) {
		fuzz_require(native_groups_text(db, command, &text, &err) == 0,
			     "groups that were found can be noted");
		fuzz_require(native_user_add_noted(text, &again, &err) == 0 &&
				     again.group_count == user.group_count,
			     "groups that were noted are found");
		free(text);
	}
	native_user_release(&user);
	native_user_release(&again);
	exd_command_free(command);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct native_user user = {0};
	struct native_userdb db = {0};
	struct exd_error err = EXD_ERROR_INIT;
	struct input in = {data, size};
	uint8_t how = input_byte(&in);
	char *spec, *noted, *lines;
	int lowest;

	set_up();
	lowest = fuzz_lowest_fd();
	write_files(how, &in);
	spec = input_text(&in);
	noted = input_text(&in);
	lines = input_text(&in);
	fuzz_require(native_userdb_read(&db, root, &err) == 0, "files are read when asked for");
	if (native_user_find(&db, spec, &user, &err) == 0) {
		check(&user);
		(void)native_user_add_noted(noted, &user, &err);
		check(&user);
	}
	look_up_groups(&db, lines);
	native_user_release(&user);
	native_userdb_release(&db);
	free(spec);
	free(noted);
	free(lines);
	fuzz_require(fuzz_lowest_fd() == lowest, "no descriptor is left");
	return 0;
}
