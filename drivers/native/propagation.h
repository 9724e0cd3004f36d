/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether mounts of the host's can come in, or ours go out, through a bind. */
#ifndef EXECDRIVER_NATIVE_PROPAGATION_H
#define EXECDRIVER_NATIVE_PROPAGATION_H

#include <stdint.h>

#include <execdriver/driver.h>

/*
 * MS_SHARED needs a source on a shared mount, MS_SLAVE one on a shared or slave mount: else it would
 * be of no effect. EXD_ERR_MOUNT names the mount.
 */
int native_propagation_check(int source_fd, const struct exd_mount *mount, struct exd_error *err);

#endif
