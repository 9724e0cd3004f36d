/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From options to a command. */
#ifndef EXECDRIVER_DRIVERCTL_COMMAND_BUILD_H
#define EXECDRIVER_DRIVERCTL_COMMAND_BUILD_H

#include "driverctl/options.h"

/* A new command: the command file, then the options in their order, then the program. */
int command_build(struct exd_command **out, const struct arguments *args, struct exd_error *err);

/* Options whose value is not yet what the key takes. */
int option_rootfs(struct exd_command *command, const char *value, struct exd_error *err);
int option_env(struct exd_command *command, const char *value, struct exd_error *err);
int option_env_file(struct exd_command *command, const char *value, struct exd_error *err);
int option_volume(struct exd_command *command, const char *value, struct exd_error *err);
int option_tmpfs(struct exd_command *command, const char *value, struct exd_error *err);
int option_security(struct exd_command *command, const char *value, struct exd_error *err);

#endif
