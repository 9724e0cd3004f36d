/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Additional groups: those of a command, and those that a container passes on to each exec. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strutil.h"
#include "drivers/native/user.h"

#define GROUP_TEXT_MAX 16

int native_user_add_groups(const struct native_userdb *db, const struct exd_command *command,
			   struct native_user *user, struct exd_error *err)
{
	size_t count = exd_command_count(command, EXD_KEY_GROUPS);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = native_user_add_group(db, exd_command_item(command, EXD_KEY_GROUPS, i), user,
					  err);
	return r;
}

int native_groups_text(const struct native_userdb *db, const struct exd_command *command,
		       char **out, struct exd_error *err)
{
	struct native_user only = {0};
	cleanup_strbuf struct strbuf text = {0};
	int r = native_user_add_groups(db, command, &only, err);

	for (size_t i = 0; i < only.group_count; i++)
		(void)sb_addf(&text, "%s%" PRIu32, i ? "," : "", only.groups[i]);
	native_user_release(&only);
	if (r < 0)
		return r;
	*out = sb_take(&text);
	return *out ? 0 : exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "additional groups");
}

int native_user_add_noted(const char *text, struct native_user *user, struct exd_error *err)
{
	const struct native_userdb nobody = {0};
	int r = 0;

	while (*text && r == 0) {
		size_t size = strcspn(text, ",");
		char number[GROUP_TEXT_MAX];

		(void)snprintf(number, sizeof(number), "%.*s", (int)size, text);
		r = native_user_add_group(&nobody, number, user, err);
		text += size + (text[size] == ',');
	}
	return r;
}
