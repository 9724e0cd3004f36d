/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Version of the headers (macros) and of the loaded library (function). */
#ifndef EXECDRIVER_VERSION_H
#define EXECDRIVER_VERSION_H

#include <execdriver/api.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXD_VERSION_MAJOR 0
#define EXD_VERSION_MINOR 1
#define EXD_VERSION_PATCH 0
#define EXD_VERSION_STRING "0.1.0"

/**
 * exd_version - version of the library that is loaded
 *
 * Compare with EXD_VERSION_STRING to learn whether it is the one compiled against. Never blocks;
 * any thread may call it.
 *
 * Returns: a constant string "MAJOR.MINOR.PATCH".
 * Since: 0.1
 */
EXD_API const char *exd_version(void);

#ifdef __cplusplus
}
#endif

#endif
