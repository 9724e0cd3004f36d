/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removal of a directory with all that is in it, in turns. */
#ifndef EXECDRIVER_BASE_TREEREMOVE_H
#define EXECDRIVER_BASE_TREEREMOVE_H

/*
 * At most about `turn` entries at a time: 0 when it is gone, -EAGAIN when there is more. However
 * deep it is, two descriptors do; no link is followed.
 */
int tree_remove(int parent, const char *name, unsigned int turn);

#endif
