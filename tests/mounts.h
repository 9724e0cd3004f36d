/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount namespaces of tests: what is mounted there is nobody else's. */
#ifndef EXECDRIVER_TESTS_MOUNTS_H
#define EXECDRIVER_TESTS_MOUNTS_H

/*
 * A mount namespace of the caller's own, cut off from the host's, also in a chroot whose / is no
 * mount: there mount(2) has no name for the mount that holds it. 0, or -1 with errno.
 */
int mounts_own(void);
/* The same for a process that has just got its namespace. MS_SHARED: shared within. */
int mounts_cut_off(unsigned long propagation);

#endif
