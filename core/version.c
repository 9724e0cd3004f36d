/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The version of the library that is loaded, which may differ from the headers compiled against. */
#include <execdriver/version.h>

const char *exd_version(void)
{
	return EXD_VERSION_STRING;
}
