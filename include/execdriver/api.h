/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mark of everything that libexecdriver exports; the rest of its symbols are hidden. */
#ifndef EXECDRIVER_API_H
#define EXECDRIVER_API_H

#define EXD_API __attribute__((visibility("default")))

#endif
