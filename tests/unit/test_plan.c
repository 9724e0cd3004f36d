/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan builder: steps, slots, program search, sealing and printing. */
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "core/plan.h"

static const char *const args[] = {"/bin/true", "-x", NULL};
static const char *const env[] = {"A=1", "PATH=/one::/two/", NULL};

static struct exd_plan *new_plan(void)
{
	struct exd_command *command = NULL;
	struct exd_plan *plan = NULL;

	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(plan_new(&plan, -1, command, NULL), 0);
	exd_command_free(command);
	return plan;
}

/* The sealed bytes, mapped; the caller unmaps head->size bytes. */
static const struct wire_plan *seal(struct exd_plan *plan, uint64_t *hash)
{
	struct exd_error err = EXD_ERROR_INIT;
	const struct wire_plan *head;
	struct stat st;
	int fd = -1;

	ck_assert_msg(plan_seal(plan, &fd, hash, &err) == 0, "%s", err.text);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS) &
				 (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
			 F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	head = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(head, MAP_FAILED);
	ck_assert_uint_eq(head->size, (size_t)st.st_size);
	close(fd);
	return head;
}

static void unmap(const struct wire_plan *head)
{
	munmap((void *)(uintptr_t)head, head->size);
}

static const struct wire_step *step_at(const struct wire_plan *head, int index)
{
	return (const struct wire_step *)(head + 1) + index;
}

static int all_steps(const struct wire_plan *head)
{
	int n = 0;

	for (int i = 0; i < WIRE_PHASES; i++)
		n += head->phase_steps[i];
	return n;
}

static const char *text_at(const struct wire_plan *head, const struct wire_step *step, int index)
{
	return (const char *)step_at(head, all_steps(head)) + step->str[index].offset;
}

/* The plan has failed with this code and stays so. */
static void assert_failed(struct exd_plan *plan, enum exd_code code, const char *part)
{
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_lt(exd_plan_error(plan, &err), 0);
	ck_assert_uint_eq(err.code, code);
	ck_assert_msg(strstr(err.text, part) != NULL, "'%s' has no '%s'", err.text, part);
	ck_assert_int_lt(exd_plan_hostname(plan, "x"), 0);
	ck_assert_int_lt(plan_seal(plan, NULL, NULL, NULL), 0);
}

/* ---- steps and data -------------------------------------------------------------------------- */

START_TEST(test_step_carries_text_and_numbers)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;
	const struct wire_step *step;

	ck_assert_int_eq(exd_plan_hostname(plan, "box"), 0);
	ck_assert_int_eq(exd_plan_rlimit(plan, RLIMIT_NOFILE, 10, UINT64_MAX), 0);
	ck_assert_int_eq(exd_plan_exec(plan, args, env), 0);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->magic, WIRE_PLAN_MAGIC);
	ck_assert_uint_eq(head->version, WIRE_VERSION);
	ck_assert_uint_eq(head->size, sizeof(*head) + 3 * sizeof(*step) + head->data_size);
	step = step_at(head, 0);
	ck_assert_uint_eq(step->op, WIRE_HOSTNAME);
	ck_assert_uint_eq(step->str[0].size, 4);
	ck_assert_str_eq(text_at(head, step, 0), "box");
	ck_assert_uint_eq(step->slot[0], WIRE_NO_SLOT);
	step = step_at(head, 1);
	ck_assert_uint_eq(step->num[1], 10);
	ck_assert_uint_eq(step->num[2], UINT64_MAX);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_phases_are_sorted_and_keep_their_order)
{
	struct exd_plan *plan = new_plan();
	int root = exd_plan_slot(plan), leaf = exd_plan_slot(plan);
	const struct wire_plan *head;

	exd_plan_cgroup_remove(plan, root, leaf, "a");
	exd_plan_cgroup_kill(plan, EXD_END, leaf, -1, 2);
	exd_plan_hostname(plan, "first");
	exd_plan_cgroup_make(plan, root, leaf, "a", "+pids", false);
	exd_plan_hostname(plan, "second");
	exd_plan_write(plan, leaf, "pids.max", "5", 1);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->phase_steps[WIRE_PREPARE], 2);
	ck_assert_uint_eq(head->phase_steps[WIRE_CHILD], 3);
	ck_assert_uint_eq(head->phase_steps[WIRE_END], 1);
	ck_assert_uint_eq(head->phase_steps[WIRE_CLEANUP], 1);
	ck_assert_uint_eq(step_at(head, 0)->op, WIRE_CGROUP_MAKE);
	ck_assert_uint_eq(step_at(head, 1)->op, WIRE_WRITE);
	ck_assert_uint_eq(step_at(head, 1)->str[1].size, 2);
	ck_assert_str_eq(text_at(head, step_at(head, 2), 0), "first");
	ck_assert_str_eq(text_at(head, step_at(head, 3), 0), "second");
	ck_assert_uint_eq(step_at(head, 4)->op, WIRE_EXEC);
	ck_assert_uint_eq(step_at(head, 5)->op, WIRE_CGROUP_KILL);
	ck_assert_uint_eq(step_at(head, 6)->op, WIRE_CGROUP_REMOVE);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_given_descriptors_get_the_first_slots)
{
	struct exd_plan *plan = new_plan();
	int empty = exd_plan_slot(plan);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int given = exd_plan_fd_consume(plan, fd, EXD_FD_KEEP);
	const struct wire_plan *head;
	const int *fds;
	size_t count;

	ck_assert_int_eq(empty, 0);
	ck_assert_int_eq(given, 1);
	exd_plan_tree(plan, given, empty, true);
	exd_plan_birth(plan, CLONE_NEWPID, given, empty);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->fds, 1);
	ck_assert_uint_eq(head->slots, 2);
	ck_assert_uint_eq(step_at(head, 0)->slot[0], 0);
	ck_assert_uint_eq(step_at(head, 0)->slot[1], 1);
	ck_assert_uint_eq(head->pidns_slot, 0);
	ck_assert_uint_eq(head->into_cgroup_slot, 1);
	ck_assert_uint_eq(head->clone_flags, CLONE_NEWPID);
	fds = plan_fds(plan, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(fds[0], fd);
	unmap(head);
	plan_free(plan);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(test_stdio_is_lent_and_may_be_one_descriptor)
{
	struct exd_plan *plan = new_plan();
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t count;

	ck_assert_int_eq(exd_plan_stdio_slot(plan, 0), -1);
	ck_assert_int_eq(exd_plan_stdio_slot(plan, 3), -1);
	ck_assert_int_eq(plan_set_stdio(plan, fd, fd, fd, NULL), 0);
	ck_assert_int_eq(exd_plan_stdio_slot(plan, 2), 2);
	ck_assert_int_eq(exd_plan_stdio(plan, 0, 1, 2), 0);
	exd_plan_exec(plan, args, NULL);
	ck_assert_int_eq(plan_seal(plan, NULL, NULL, NULL), 0);
	ck_assert_int_eq(plan_fds(plan, &count)[2], fd);
	plan_free(plan);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	close(fd);
}
END_TEST

START_TEST(test_options_are_split_at_commas)
{
	struct exd_plan *plan = new_plan();
	int slot = exd_plan_slot(plan);
	const struct wire_plan *head;

	exd_plan_fs(plan, slot, "tmpfs", "size=1m,,nr_inodes=5,", 2);
	exd_plan_fs(plan, slot, "proc", NULL, 0);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(step_at(head, 0)->str[1].size, sizeof("size=1m\0nr_inodes=5"));
	ck_assert_mem_eq(text_at(head, step_at(head, 0), 1), "size=1m\0nr_inodes=5",
			 sizeof("size=1m\0nr_inodes=5"));
	ck_assert_uint_eq(step_at(head, 1)->str[1].size, 0);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_numbers_lie_where_they_can_be_read)
{
	static const uint32_t gids[] = {4, 24};
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;

	exd_plan_hostname(plan, "abcde");
	exd_plan_groups(plan, gids, 2);
	exd_plan_groups(plan, gids, 0);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(step_at(head, 1)->str[0].offset, 8);
	ck_assert_uint_eq(step_at(head, 1)->str[0].size, sizeof(gids));
	ck_assert_mem_eq(text_at(head, step_at(head, 1), 0), gids, sizeof(gids));
	ck_assert_uint_eq(step_at(head, 2)->str[0].offset, 0);
	ck_assert_uint_eq(step_at(head, 2)->str[0].size, 0);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_blame_holds_for_later_steps_but_not_the_program)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;

	exd_plan_hostname(plan, "x");
	exd_plan_blame(plan, EXD_ERR_DEVICE, EXD_STEP_OPTIONAL | 0x100);
	exd_plan_hostname(plan, "y");
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(step_at(head, 0)->code, EXD_ERR_NAMESPACE);
	ck_assert_uint_eq(step_at(head, 0)->flags, 0);
	ck_assert_uint_eq(step_at(head, 1)->code, EXD_ERR_DEVICE);
	ck_assert_uint_eq(step_at(head, 1)->flags, WIRE_OPTIONAL);
	ck_assert_uint_eq(step_at(head, 2)->code, EXD_ERR_EXEC);
	ck_assert_uint_eq(step_at(head, 2)->flags, 0);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_tty_has_the_size_of_the_command)
{
	struct exd_command *command = NULL;
	struct exd_plan *plan = NULL;
	const struct wire_plan *head;
	int slot;

	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(exd_command_set_string(command, EXD_KEY_TTY_SIZE, "24x80", NULL), 0);
	ck_assert_int_eq(plan_new(&plan, -1, command, NULL), 0);
	slot = exd_plan_slot(plan);
	exd_plan_tty_open(plan, slot, "dev/pts", slot, 7, 5);
	plan_set_tty_size(plan, 50, 132);
	exd_plan_tty_open(plan, slot, "dev/pts", slot, 7, 5);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(step_at(head, 0)->num[0], 24u << 16 | 80);
	ck_assert_uint_eq(step_at(head, 1)->num[0], 50u << 16 | 132);
	ck_assert_uint_eq(step_at(head, 0)->num[1], 7);
	unmap(head);
	plan_free(plan);
	exd_command_free(command);
}
END_TEST

START_TEST(test_notes_cgroups_warnings_are_kept)
{
	struct exd_plan *plan = new_plan();

	ck_assert_int_eq(exd_plan_note(plan, "a", "b"), 0);
	ck_assert_int_eq(exd_plan_cgroup(plan, "cpu,cpuacct", "/c", "p"), 0);
	exd_plan_warn(plan, "no %s here", "swap");
	ck_assert_str_eq(plan->notes[0].value, "b");
	ck_assert_str_eq(plan->cgroups[0].controllers, "cpu,cpuacct");
	ck_assert_uint_eq(plan_warning_count(plan), 1);
	ck_assert_str_eq(plan_warning(plan, 0), "no swap here");
	ck_assert_ptr_null(plan_warning(plan, 1));
	ck_assert(!exd_plan_wants_park(plan));
	plan_set_park(plan, true);
	ck_assert(exd_plan_wants_park(plan));
	plan_free(plan);
	ck_assert_ptr_null(plan_free(NULL));
}
END_TEST

/* ---- the hash -------------------------------------------------------------------------------- */

static struct exd_plan *plan_with_descriptor(const char *path, const char *hostname)
{
	struct exd_plan *plan = new_plan();
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	exd_plan_tree(plan, exd_plan_fd_consume(plan, fd, EXD_FD_KEEP), exd_plan_slot(plan), false);
	exd_plan_hostname(plan, hostname);
	exd_plan_exec(plan, args, env);
	return plan;
}

START_TEST(test_hash_is_of_the_bytes_not_the_descriptors)
{
	struct exd_plan *one = plan_with_descriptor("/dev/null", "x");
	struct exd_plan *two = plan_with_descriptor("/dev/zero", "x");
	struct exd_plan *other = plan_with_descriptor("/dev/null", "y");
	uint64_t a, b, c;
	const struct wire_plan *head = seal(one, &a);

	ck_assert_uint_eq(a, hash_fnv1a(HASH_FNV1A_INIT, head, head->size));
	ck_assert_int_eq(plan_seal(two, NULL, &b, NULL), 0);
	ck_assert_int_eq(plan_seal(other, NULL, &c, NULL), 0);
	ck_assert_uint_eq(a, b);
	ck_assert_uint_ne(a, c);
	ck_assert_int_eq(plan_seal(one, NULL, &b, NULL), 0);
	ck_assert_uint_eq(a, b);
	unmap(head);
	plan_free(one);
	plan_free(two);
	plan_free(other);
}
END_TEST

/* ---- the program ----------------------------------------------------------------------------- */

/* Candidates of the only step, '|' between them. */
static char *candidates(const char *const *argv, const char *const *envp)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;
	const struct wire_span *span;
	char *list;

	ck_assert_int_eq(exd_plan_exec(plan, argv, envp), 0);
	head = seal(plan, NULL);
	span = &step_at(head, 0)->str[0];
	list = malloc(span->size);
	memcpy(list, text_at(head, step_at(head, 0), 0), span->size);
	for (size_t i = 0; i + 1 < span->size; i++)
		if (!list[i])
			list[i] = '|';
	unmap(head);
	plan_free(plan);
	return list;
}

START_TEST(test_program_is_searched_in_its_own_path)
{
	static const char *const name[] = {"prog", NULL};
	static const char *const twice[] = {"PATH=/no", "X=PATH=/never", "PATH=/yes", NULL};
	static const char *const none[] = {"HOME=/", NULL};
	char *list = candidates(name, env);

	ck_assert_str_eq(list, "/one/prog|./prog|/two//prog");
	free(list);
	list = candidates(name, twice);
	ck_assert_str_eq(list, "/yes/prog");
	free(list);
	list = candidates(name, none);
	ck_assert_str_eq(
		list,
		"/usr/local/sbin/prog|/usr/local/bin/prog|/usr/sbin/prog|/usr/bin/prog|/sbin/prog|/bin/prog");
	free(list);
	list = candidates(args, env);
	ck_assert_str_eq(list, "/bin/true");
	free(list);
}
END_TEST

START_TEST(test_program_step_counts_its_texts)
{
	static const char *const name[] = {"prog", "", "b", NULL};
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;
	const struct wire_step *step;

	exd_plan_exec(plan, name, env);
	head = seal(plan, NULL);
	step = step_at(head, 0);
	ck_assert_uint_eq(step->num[0], 3);
	ck_assert_uint_eq(step->num[1], 2);
	ck_assert_uint_eq(step->num[2], 0);
	ck_assert_mem_eq(text_at(head, step, 1), "prog\0\0b", sizeof("prog\0\0b"));
	ck_assert_uint_eq(step->str[1].size, sizeof("prog\0\0b"));
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_program_must_be_given)
{
	static const char *const nothing[] = {NULL};
	static const char *const empty[] = {"", NULL};
	struct exd_plan *plan = new_plan();

	exd_plan_exec(plan, nothing, NULL);
	assert_failed(plan, EXD_ERR_INVALID, "no program");
	plan_free(plan);
	plan = new_plan();
	exd_plan_exec(plan, empty, NULL);
	assert_failed(plan, EXD_ERR_EXEC_NOT_FOUND, "empty");
	plan_free(plan);
	plan = new_plan();
	exd_plan_hostname(plan, "x");
	ck_assert_int_lt(plan_seal(plan, NULL, NULL, NULL), 0);
	plan_free(plan);
}
END_TEST

START_TEST(test_too_many_arguments_are_126)
{
	struct exd_plan *plan = new_plan();
	struct exd_error err = EXD_ERROR_INIT;
	char *large = malloc((4u << 20) + 1);
	const char *argv[] = {"/bin/true", large, large, NULL};

	memset(large, 'x', 4u << 20);
	large[4u << 20] = '\0';
	ck_assert_int_eq(exd_plan_exec(plan, argv, NULL), -E2BIG);
	exd_plan_error(plan, &err);
	ck_assert_uint_eq(err.code, EXD_ERR_EXEC);
	ck_assert_int_eq(err.sys_errno, E2BIG);
	ck_assert_int_eq(exd_error_exit_code(&err), 126);
	plan_free(plan);
	free(large);
}
END_TEST

START_TEST(test_program_is_the_last_step_of_the_child)
{
	struct exd_plan *plan = new_plan();
	int slot = exd_plan_slot(plan);

	exd_plan_exec(plan, args, NULL);
	ck_assert_int_eq(exd_plan_oom_watch(plan, slot, 2), 0);
	ck_assert_int_lt(exd_plan_umask(plan, 022), 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "behind its program");
	plan_free(plan);
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------- */

START_TEST(test_first_failure_sticks)
{
	struct exd_plan *plan = new_plan();

	exd_plan_setns(plan, 3, CLONE_NEWNET);
	exd_plan_hostname(plan, NULL);
	assert_failed(plan, EXD_ERR_INTERNAL, "no slot 3");
	ck_assert_int_lt(exd_plan_slot(plan), 0);
	ck_assert_int_lt(exd_plan_exec(plan, args, env), 0);
	ck_assert_int_lt(exd_plan_note(plan, "a", "b"), 0);
	plan_free(plan);
}
END_TEST

START_TEST(test_slots_and_texts_are_checked)
{
	struct exd_plan *plan = new_plan();

	exd_plan_pivot(plan, -1);
	assert_failed(plan, EXD_ERR_INTERNAL, "needs a slot");
	plan_free(plan);
	plan = new_plan();
	exd_plan_hostname(plan, NULL);
	assert_failed(plan, EXD_ERR_INTERNAL, "needs a text");
	plan_free(plan);
	plan = new_plan();
	exd_plan_open(plan, (enum exd_plan_phase)9, -1, exd_plan_slot(plan), "/x", 0);
	assert_failed(plan, EXD_ERR_INVALID, "phase");
	plan_free(plan);
	plan = new_plan();
	exd_plan_open(plan, EXD_CHILD, -1, exd_plan_slot(plan), "relative", 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "relative");
	plan_free(plan);
	plan = new_plan();
	exd_plan_seccomp(plan, "123", 3, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "3 bytes");
	plan_free(plan);
}
END_TEST

START_TEST(test_birth_takes_only_what_clone_may_do)
{
	struct exd_plan *plan = new_plan();

	exd_plan_birth(plan, CLONE_NEWNS, -1, -1);
	assert_failed(plan, EXD_ERR_INTERNAL, "flags");
	plan_free(plan);
	plan = new_plan();
	exd_plan_birth(plan, CLONE_NEWNET, 4, -1);
	assert_failed(plan, EXD_ERR_INTERNAL, "slot 4");
	plan_free(plan);
}
END_TEST

START_TEST(test_number_of_steps_and_slots_is_bounded)
{
	struct exd_plan *plan = new_plan();
	int fd;

	for (unsigned int i = 0; i < WIRE_STEPS_MAX; i++)
		ck_assert_int_eq(exd_plan_setsid(plan), 0);
	exd_plan_setsid(plan);
	assert_failed(plan, EXD_ERR_INVALID, "steps");
	plan_free(plan);
	plan = new_plan();
	for (unsigned int i = 0; i < WIRE_SLOTS_MAX; i++)
		ck_assert_int_eq(exd_plan_slot(plan), (int)i);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_lt(exd_plan_fd_consume(plan, fd, EXD_FD_ONCE), 0);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	assert_failed(plan, EXD_ERR_INVALID, "descriptors");
	plan_free(plan);
}
END_TEST

START_TEST(test_no_descriptor_is_a_failure)
{
	struct exd_plan *plan = new_plan();

	ck_assert_int_lt(exd_plan_fd_consume(plan, -1, EXD_FD_KEEP), 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "descriptor");
	plan_free(plan);
}
END_TEST

/* ---- namespaces ------------------------------------------------------------------------------ */

START_TEST(test_namespace_of_a_path_is_checked)
{
	struct exd_plan *plan = new_plan();
	char dir[] = "/tmp/exd-plan-XXXXXX", fifo[64], spec[80];

	ck_assert_int_ge(exd_plan_namespace(plan, "path:/proc/self/ns/net", "net"), 0);
	exd_plan_namespace(plan, "path:/proc/self/ns/uts", "net");
	assert_failed(plan, EXD_ERR_NAMESPACE, "not a net namespace");
	plan_free(plan);
	plan = new_plan();
	exd_plan_namespace(plan, "path:/dev/null", "net");
	assert_failed(plan, EXD_ERR_NAMESPACE, "'/dev/null' is not");
	plan_free(plan);
	plan = new_plan();
	exd_plan_namespace(plan, "path:/nowhere", "net");
	assert_failed(plan, EXD_ERR_NAMESPACE, "/nowhere");
	plan_free(plan);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	snprintf(spec, sizeof(spec), "path:%s", fifo);
	plan = new_plan();
	exd_plan_namespace(plan, spec, "net");
	assert_failed(plan, EXD_ERR_NAMESPACE, "not a net namespace");
	plan_free(plan);
	unlink(fifo);
	rmdir(dir);
}
END_TEST

START_TEST(test_namespace_spec_and_name_are_checked)
{
	struct exd_plan *plan = new_plan();

	exd_plan_namespace(plan, "private", "net");
	assert_failed(plan, EXD_ERR_INVALID, "private");
	plan_free(plan);
	plan = new_plan();
	exd_plan_namespace(plan, "path:/proc/self/ns/net", "nets");
	assert_failed(plan, EXD_ERR_INTERNAL, "nets");
	plan_free(plan);
	plan = new_plan();
	exd_plan_namespace(plan, "container:../x", "net");
	assert_failed(plan, EXD_ERR_ID, "../x");
	plan_free(plan);
}
END_TEST

/* ---- words ----------------------------------------------------------------------------------- */

static const char *line_with(const struct exd_report *report, const char *part)
{
	struct exd_report_line line = {.struct_size = sizeof(line)};

	for (size_t i = 0; exd_report_line(report, i, &line); i++)
		if (strstr(line.text, part))
			return line.text;
	ck_abort_msg("no line has '%s'", part);
	return NULL;
}

/* Every building call once. */
static void build_all(struct exd_plan *plan)
{
	static const uint32_t gids[] = {4, 24};
	static const char filter[16];
	int in = exd_plan_fd_consume(plan, open("/dev/null", O_RDONLY | O_CLOEXEC), EXD_FD_KEEP);
	int root = exd_plan_slot(plan), fs = exd_plan_slot(plan), leaf = exd_plan_slot(plan);
	int tree = exd_plan_slot(plan), pty = exd_plan_slot(plan);

	exd_plan_cgroup_make(plan, in, leaf, "exd/box", "", true);
	exd_plan_write(plan, leaf, "memory.max", "65536\n", 6);
	exd_plan_open(plan, EXD_PREPARE, leaf, root, "cgroup.procs", O_WRONLY);
	exd_plan_oom_watch(plan, leaf, 1);
	exd_plan_cgroup_join(plan, root);
	exd_plan_setns(plan, in, CLONE_NEWNET);
	exd_plan_nondumpable(plan);
	exd_plan_tree(plan, in, tree, true);
	exd_plan_setsid(plan);
	exd_plan_unshare(plan, CLONE_NEWNS | CLONE_NEWCGROUP);
	exd_plan_propagation(plan, MS_REC | MS_PRIVATE);
	exd_plan_fs(plan, fs, "proc", "hidepid=2", 0xe);
	exd_plan_attr(plan, tree, 1, 0, MS_PRIVATE, true);
	exd_plan_attach_root(plan, tree);
	exd_plan_attach(plan, fs, tree, "/proc", EXD_ATTACH_MAKE_DIR);
	exd_plan_mkdir(plan, tree, "/a", 0755, 0, 0);
	exd_plan_mknod(plan, tree, "/dev/null", S_IFCHR | 0666, 0x103, 0, 5);
	exd_plan_symlink(plan, tree, "/dev/fd", "/proc/self/fd");
	exd_plan_mkfile(plan, tree, "/etc/x", "y", 1, 0644, 0, 0);
	exd_plan_blame(plan, EXD_ERR_MOUNT, EXD_STEP_SKIP_MISSING);
	exd_plan_mask(plan, tree, "/proc/keys", in);
	exd_plan_readonly(plan, tree, "/proc/sys");
	exd_plan_blame(plan, EXD_OK, EXD_STEP_OPTIONAL);
	exd_plan_sysctl(plan, fs, "net.ipv4.ip_forward", "1");
	exd_plan_blame(plan, EXD_OK, 0);
	exd_plan_proc_write(plan, fs, "oom_score_adj", "100");
	exd_plan_hostname(plan, "box");
	exd_plan_domainname(plan, "dom");
	exd_plan_loopback_up(plan);
	exd_plan_park(plan);
	exd_plan_pivot(plan, tree);
	exd_plan_chroot(plan, tree);
	exd_plan_tty_open(plan, tree, "dev/pts", pty, 0, 5);
	exd_plan_stdio(plan, pty, pty, pty);
	exd_plan_ctty(plan);
	exd_plan_rlimit(plan, RLIMIT_NOFILE, 1024, UINT64_MAX);
	exd_plan_umask(plan, 022);
	exd_plan_bounding(plan, 0x20);
	exd_plan_groups(plan, gids, 2);
	exd_plan_no_new_privs(plan);
	exd_plan_seccomp(plan, filter, sizeof(filter), 0);
	exd_plan_ids(plan, 1000, 100);
	exd_plan_caps(plan, 1, 2, 4, 8);
	exd_plan_init(plan);
	exd_plan_chdir(plan, "/work", true);
	exd_plan_exec(plan, args, env);
	exd_plan_cgroup_kill(plan, EXD_END, leaf, leaf, 1);
	exd_plan_cgroup_remove(plan, in, leaf, "exd/box");
}

START_TEST(test_every_step_is_told_in_words)
{
	struct exd_report_line line = {.struct_size = sizeof(line)};
	struct exd_plan *plan = new_plan();
	struct exd_report *report = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	char topic[32];
	size_t i;

	build_all(plan);
	ck_assert_msg(exd_plan_error(plan, &err) == 0, "%s", err.text);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(plan_print(plan, report, NULL), 0);
	ck_assert_uint_eq(exd_report_count(report), plan->step_count);
	for (i = 0; exd_report_line(report, i, &line); i++) {
		snprintf(topic, sizeof(topic), " %zu", i);
		ck_assert_str_eq(strchr(line.topic, ' '), topic);
		ck_assert_msg(!strpbrk(line.text, "{}") && line.text[0], "'%s'", line.text);
	}
	exd_report_line(report, 0, &line);
	ck_assert_str_eq(line.topic, "prepare 0");
	ck_assert_str_eq(line.text, "make cgroup /dev/null/exd/box");
	exd_report_line(report, 4, &line);
	ck_assert_str_eq(line.topic, "child 4");
	line_with(report, "make file system proc (nosuid,nodev,noexec) hidepid=2");
	line_with(report, "mount proc on /proc");
	line_with(report, "join cgroup through /dev/null/exd/box/cgroup.procs");
	line_with(report, "set attributes of /dev/null (ro) (private), recursive");
	line_with(report, "set propagation of / (rec,private)");
	line_with(report, "make own namespaces (mnt,cgroup)");
	line_with(report, "write '65536' to /dev/null/exd/box/memory.max");
	line_with(report, "set limit nofile to 1024:unlimited");
	line_with(report, "mask /proc/keys; skipped when missing");
	line_with(report, "ip_forward to '1'; a failure is a warning");
	line_with(report, "make device /dev/null (1:3) mode 0666 for 0:5");
	line_with(report, "seccomp filter of 2 instructions");
	line_with(report, "additional groups to (4 24)");
	line_with(report, "execute [/bin/true -x] with 2 variables, the first of: /bin/true");
	ck_assert_int_eq(plan_seal(plan, NULL, NULL, NULL), 0);
	exd_report_free(report);
	plan_free(plan);
}
END_TEST

START_TEST(test_printing_hides_control_characters_and_cuts)
{
	struct exd_plan *plan = new_plan();
	struct exd_report *report = NULL;
	char large[1000];

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	exd_plan_hostname(plan, "a\033b");
	exd_plan_hostname(plan, large);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(plan_print(plan, report, NULL), 0);
	line_with(report, "set hostname a?b");
	ck_assert_uint_lt(strlen(line_with(report, "xxx...")), 300);
	exd_report_free(report);
	plan_free(plan);
}
END_TEST

static void add_building(Suite *s)
{
	TCase *tc = tap_tcase(s, "build");

	tcase_add_test(tc, test_step_carries_text_and_numbers);
	tcase_add_test(tc, test_phases_are_sorted_and_keep_their_order);
	tcase_add_test(tc, test_given_descriptors_get_the_first_slots);
	tcase_add_test(tc, test_stdio_is_lent_and_may_be_one_descriptor);
	tcase_add_test(tc, test_options_are_split_at_commas);
	tcase_add_test(tc, test_numbers_lie_where_they_can_be_read);
	tcase_add_test(tc, test_blame_holds_for_later_steps_but_not_the_program);
	tcase_add_test(tc, test_tty_has_the_size_of_the_command);
	tcase_add_test(tc, test_notes_cgroups_warnings_are_kept);
	tcase_add_test(tc, test_hash_is_of_the_bytes_not_the_descriptors);
	tcase_add_test(tc, test_program_is_searched_in_its_own_path);
	tcase_add_test(tc, test_program_step_counts_its_texts);
}

static void add_failing(Suite *s)
{
	TCase *tc = tap_tcase(s, "fail");

	tcase_add_test(tc, test_program_must_be_given);
	tcase_add_test(tc, test_too_many_arguments_are_126);
	tcase_add_test(tc, test_program_is_the_last_step_of_the_child);
	tcase_add_test(tc, test_first_failure_sticks);
	tcase_add_test(tc, test_slots_and_texts_are_checked);
	tcase_add_test(tc, test_birth_takes_only_what_clone_may_do);
	tcase_add_test(tc, test_number_of_steps_and_slots_is_bounded);
	tcase_add_test(tc, test_no_descriptor_is_a_failure);
	tcase_add_test(tc, test_namespace_of_a_path_is_checked);
	tcase_add_test(tc, test_namespace_spec_and_name_are_checked);
}

int main(void)
{
	Suite *s = suite_create("plan");
	TCase *words = tap_tcase(s, "print");

	add_building(s);
	add_failing(s);
	tcase_add_test(words, test_every_step_is_told_in_words);
	tcase_add_test(words, test_printing_hides_control_characters_and_cuts);
	return tap_main(s);
}
