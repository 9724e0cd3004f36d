/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading state.json and exit.json, which may hold anything. */
#ifndef EXECDRIVER_CORE_RECORD_PARSE_H
#define EXECDRIVER_CORE_RECORD_PARSE_H

#include "base/cleanup.h"
#include "core/record.h"

/*
 * The file as a json object for the caller: -ENOENT; -EFBIG above RECORD_FILE_MAX; -EBADMSG for
 * anything that is not one whole JSON object; other errors of reading.
 */
int record_read_json(int dirfd, const char *name, struct json_object **out);
/*
 * What a launch that came to no state.json noted in its lock file; whole: all that it names was made
 * by that launch.
 */
int record_read_claim(int dirfd, struct json_object **out, bool *whole);

/*
 * Takes state.json (record->json) apart. EXD_ERR_STATE names the container and the field that is
 * wrong.
 */
int record_parse_state(struct exd_record *record, struct exd_error *err);

/* EXD_ERR_STATE with -EBADMSG: what is wrong with state.json and how to get rid of it. */
int record_damaged(const struct exd_record *record, const char *where, struct exd_error *err);

/* Takes exit.json apart: -EBADMSG when a field is wrong. */
int record_parse_exit(struct json_object *json, struct exd_exit_status *exit);

/* exit.json as a new object; NULL: no memory. */
struct json_object *record_exit_json(const struct exd_exit_status *exit);

void json_freep(struct json_object **json);
#define cleanup_json CLEANUP(json_freep)

/* json[name] = value, which is owned from here on. -ENOMEM also for a NULL value. */
int json_put(struct json_object *json, const char *name, struct json_object *value);

/* A text of the object, or NULL. */
const char *json_text(struct json_object *json, const char *name);

#endif
