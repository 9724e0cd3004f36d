/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the driver: its options, and what its files do for each other. */
#ifndef EXECDRIVER_HCS_STUB_H
#define EXECDRIVER_HCS_STUB_H

#include <json-c/json_object.h>

#include <execdriver/driver.h>

/* Versions of the document, as the minor number of the Docker that wrote it. */
enum stub_schema {
	STUB_SCHEMA_1_8 = 8,
	STUB_SCHEMA_1_9 = 9,
	STUB_SCHEMA_1_10 = 10
};

/* What open() read; nobody changes it afterwards. */
struct stub {
	enum stub_schema schema;
	bool dummy;
	bool forcekill;
	bool hyperv; /* the isolation of commands that ask for none */
	bool journal;
	int64_t shutdown_timeout_ms;
	int64_t terminate_timeout_ms;
	int64_t start_retries;
	int64_t retry_delay_ms;
	char *nat_name;
	char *worker;
	char *emulator;
	char *faults; /* JSON lists: objects of json-c may not be shared by threads */
	char *delays;
};

/* options.c */
int stub_options_read(struct stub *stub, const struct exd_options *options, struct exd_error *err);
void stub_options_release(struct stub *stub);
const char *stub_schema_name(const struct stub *stub);

/* check.c: what neither the document nor the service can say, in the order of the original. */
int stub_check_run(const struct stub *stub, const struct exd_command *command,
		   struct exd_error *err);
int stub_check_exec(const struct stub *stub, const struct exd_command *command,
		    struct exd_error *err);
/* With best_effort: a warning for each limit that is left out. */
void stub_warn(const struct exd_command *command, struct exd_plan *plan);
bool stub_has_network(const struct exd_command *command);

/* launch.c */
int stub_run(void *self, const struct exd_command *command, struct exd_plan *plan,
	     struct exd_error *err);
int stub_exec(void *self, struct exd_record *record, const struct exd_command *command,
	      struct exd_plan *plan, struct exd_error *err);
int stub_explain(void *self, const struct exd_command *command, struct exd_report *report,
		 struct exd_error *err);

/* control.c */
int stub_kill(void *self, struct exd_record *record, int signal, struct exd_error *err);
int stub_terminate(void *self, struct exd_record *record, struct exd_error *err);
int stub_clean(void *self, struct exd_record *record, struct exd_error *err);
int stub_info(void *self, struct exd_record *record, struct exd_info *info, struct exd_error *err);
int stub_pids(void *self, struct exd_record *record, pid_t *pids, size_t max,
	      struct exd_error *err);

/* refused.c: verbs of which the service has none */
int stub_pause(void *self, struct exd_record *record, struct exd_error *err);
int stub_stats(void *self, struct exd_record *record, struct exd_stats *stats,
	       struct exd_error *err);
int stub_update(void *self, struct exd_record *record, const struct exd_command *command,
		struct exd_error *err);

#endif
