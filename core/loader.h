/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a driver's shared object: who may have written it, and whether it keeps to the ABI. */
#ifndef EXECDRIVER_CORE_LOADER_H
#define EXECDRIVER_CORE_LOADER_H

#include <execdriver/driver.h>

/*
 * Fills the private copy of the driver's struct and gives the handle for dlclose(). Refuses with
 * EXD_ERR_DRIVER_*: the text names the path, the reason and the cure. On failure nothing stays
 * loaded and *out is as before.
 */
int loader_open(const char *path, const char *name, struct exd_driver *out, void **handle,
		struct exd_error *err);

#endif
