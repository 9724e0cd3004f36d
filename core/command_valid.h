/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of texts that command keys take, as far as they need no host. */
#ifndef EXECDRIVER_CORE_COMMAND_VALID_H
#define EXECDRIVER_CORE_COMMAND_VALID_H

#include <stdbool.h>

bool valid_text(const char *text); /* not empty, no control characters */
bool valid_word(const char *text); /* the same, and no blanks */
bool valid_path(const char *text); /* absolute, not too long */
bool valid_pair(const char *text); /* NAME=VALUE */
bool valid_user(const char *text);
bool valid_tty_size(const char *text);
bool valid_hostname(const char *text);
bool valid_propagation(const char *text);
bool valid_root_options(const char *text);
bool valid_namespace(const char *text);
bool valid_network(const char *text);
bool valid_id_map(const char *text);
bool valid_capability(const char *text);
bool valid_seccomp(const char *text);
bool valid_scheduler(const char *text);
bool valid_ioprio(const char *text);
bool valid_exec_affinity(const char *text);
bool valid_personality(const char *text);
bool valid_landlock(const char *text);
bool valid_sysctl(const char *text);
bool valid_time_offset(const char *text);
bool valid_cgroup(const char *text);
/* command_valid_cgroup.c */
bool valid_disk_weight(const char *text);
bool valid_disk_bytes(const char *text);
bool valid_disk_number(const char *text);
bool valid_hugetlb(const char *text);
bool valid_rdma(const char *text);
bool valid_misc(const char *text);
bool valid_cgroup_conf(const char *text);
bool valid_cpus(const char *text);
bool valid_cpuset(const char *text);
bool valid_hcs_isolation(const char *text);
bool valid_hcs_port(const char *text); /* the shape only: the driver checks the parts */

#endif
