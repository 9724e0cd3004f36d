/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls of the Host Compute Service that a driver makes, to the emulated one. Each blocks for
 * an answer, for the client's timeout at most. One thread at a time may use a client; any number of
 * clients may be connected.
 *
 * Calls return what the service's do: 0, or a code whose top bit is set (HCS_FAILED). A service
 * that does not answer is HCS_E_SERVICE_GONE or HCS_E_TIMEOUT. Ids are those of containers.
 */
#ifndef EXECDRIVER_HCS_H
#define EXECDRIVER_HCS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HCS_OK 0u
#define HCS_FAILED(code) (((code)&0x80000000u) != 0)

/* Systems. */
#define HCS_E_PENDING 0xc0370103u         /* not done yet, or the process still runs */
#define HCS_E_INVALID_STATE 0xc0370105u   /* not in this state of the system */
#define HCS_E_UNEXPECTED_EXIT 0xc0370106u /* the system was ended from outside */
#define HCS_E_INVALID_JSON 0xc037010du    /* the document or the parameters */
#define HCS_E_NO_SUCH_SYSTEM 0xc037010eu
#define HCS_E_SYSTEM_EXISTS 0xc037010fu
#define HCS_E_ALREADY_STOPPED 0xc0370110u
#define HCS_E_SHUTTING_DOWN 0x8007045bu /* a shutdown is in progress */

/* Paths, programs, processes. */
#define HCS_E_FILE_NOT_FOUND 0x80070002u   /* no such program */
#define HCS_E_PATH_NOT_FOUND 0x80070003u   /* a volume or a mapped directory is missing */
#define HCS_E_ACCESS_DENIED 0x80070005u    /* the program may not be executed */
#define HCS_E_INVALID_ARGUMENT 0x80070057u /* a malformed call */
#define HCS_E_BROKEN_PIPE 0x8007006du      /* the wait was cut short */
#define HCS_E_INVALID_HANDLE 0x80070072u   /* a std handle is of no use for its stream */
#define HCS_E_BAD_PATH 0x800700a1u         /* a path that is not absolute */
#define HCS_E_BAD_PROGRAM 0x800700c1u      /* not a program of this machine */
#define HCS_E_TOO_LONG 0x800700ceu         /* more than HCS_TEXT_MAX bytes */
#define HCS_E_BAD_DIRECTORY 0x8007010bu    /* no such working directory */
#define HCS_E_NOT_FOUND 0x80070490u        /* no such process in this system */
#define HCS_E_NO_NETWORK 0x800704c6u       /* by a script only */
#define HCS_E_INVALID_OBJECT 0x800710d8u   /* by a script only */
#define HCS_E_INVALID_CLASS 0x800401f3u    /* by a script only */
#define HCS_E_EXEC_LIMIT 0x80072726u       /* too many processes in a Hyper-V container */
#define HCS_E_OUT_OF_MEMORY 0x8007000eu
#define HCS_E_TIMEOUT 0x80070102u
#define HCS_E_CANCELLED 0x800704c7u
#define HCS_E_SERVICE_GONE 0x800706bau

/* Longest document, parameters or script. */
#define HCS_TEXT_MAX (128u * 1024u)
/* For the timeouts, in milliseconds. */
#define HCS_FOR_EVER (-1)

struct hcs_client;

/*
 * Connects to the service of a state root, a directory descriptor that is lent for this call.
 * timeout_ms bounds this and every later call of the client, beside the time that a call is given
 * of its own. -ENOENT or -ECONNREFUSED: there is no service, and so no system.
 */
int hcs_connect(int root_fd, int timeout_ms, struct hcs_client **out);
/*
 * From now on calls end with HCS_E_CANCELLED as soon as this descriptor, which stays the caller's,
 * is readable. Nobody knows then how far the call came; the client is of no more use.
 */
void hcs_interrupt_by(struct hcs_client *client, int fd);
/* Takes NULL; returns NULL. */
struct hcs_client *hcs_disconnect(struct hcs_client *client);

uint32_t hcs_create_system(struct hcs_client *client, const char *id, const char *document);
uint32_t hcs_start_system(struct hcs_client *client, const char *id);
/*
 * Asks the processes to end, and waits timeout_ms for the system to be stopped. HCS_E_PENDING: it
 * was asked for (at once with 0) and goes on.
 */
uint32_t hcs_shutdown_system(struct hcs_client *client, const char *id, int timeout_ms);
/* Kills the processes; the system is stopped on return. */
uint32_t hcs_terminate_system(struct hcs_client *client, const char *id);

struct hcs_process {
	uint32_t process_id; /* of the service; the emulated one's are pids of this host */
	int wait_fd;         /* readable when the process has ended or the service is gone */
	int console_fd;      /* master of its console with EmulateConsole, else -EBADF */
	int pidfd;           /* of the process, -EBADF where it is none of this host */
};

/*
 * std_handles are its stdin, stdout and stderr, negative for none, lent for this call; none of
 * them goes with EmulateConsole. The descriptors of *out are the caller's.
 */
uint32_t hcs_create_process(struct hcs_client *client, const char *id, const char *parameters,
			    const int std_handles[3], struct hcs_process *out);
/*
 * Does not wait: HCS_E_PENDING while wait_fd is not readable. HCS_E_BROKEN_PIPE: it was ended with
 * its system.
 */
uint32_t hcs_wait_process(struct hcs_client *client, const char *id, uint32_t process_id,
			  uint32_t *exit_code);
uint32_t hcs_terminate_process(struct hcs_client *client, const char *id, uint32_t process_id);
uint32_t hcs_resize_console(struct hcs_client *client, const char *id, uint32_t process_id,
			    uint16_t height, uint16_t width);

/*
 * *json (to be freed) has Id, SystemType, Owner, State ("Created", "Running", "ShuttingDown",
 * "Stopped"), RuntimeId, HvPartition, Isolated (whether it is in a root of its own) and
 * ProcessList with ProcessId and CommandLine of each process that runs.
 */
uint32_t hcs_properties(struct hcs_client *client, const char *id, char **json);
/* *fd, the caller's, is readable when the system is stopped or the service is gone. */
uint32_t hcs_watch_system(struct hcs_client *client, const char *id, int *fd);

/*
 * Of the emulated service only: how calls about this id go from now on, a JSON object with
 * "faults" (list of call, nth, times, error, delay_ms) and "delays" (list of call, ms). Calls are
 * counted from here.
 */
uint32_t hcs_set_script(struct hcs_client *client, const char *id, const char *script);

/*
 * The GUID that stands for a layer. The service's rule is not public: this one is our own, see
 * guid.c. It asks nobody.
 */
#define HCS_GUID_SIZE 37
void hcs_name_to_guid(const char *name, char guid[HCS_GUID_SIZE]);

/* What a code means, in one line, never NULL. */
const char *hcs_error_text(uint32_t code);

#endif
