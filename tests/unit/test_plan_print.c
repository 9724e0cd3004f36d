/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans in words. */
#include "tests/unit/plans.h"

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
	static const char *const rules[] = {"ro:/usr", "rw:/tmp", NULL};
	int in = exd_plan_fd_consume(plan, open("/dev/null", O_RDONLY | O_CLOEXEC), EXD_FD_KEEP);
	int root = exd_plan_slot(plan), fs = exd_plan_slot(plan), leaf = exd_plan_slot(plan);
	int tree = exd_plan_slot(plan), pty = exd_plan_slot(plan), userns = exd_plan_slot(plan);
	const int scratch[2] = {exd_plan_slot(plan), exd_plan_slot(plan)};

	exd_plan_cgroup_make(plan, in, leaf, "exd/box", "", true);
	exd_plan_write(plan, leaf, "memory.max", "65536\n", 6);
	exd_plan_open(plan, EXD_PREPARE, leaf, root, "cgroup.procs", O_WRONLY);
	exd_plan_oom_watch(plan, leaf, 1);
	exd_plan_devices(plan, leaf, filter, sizeof(filter), "c 1:3 rwm");
	exd_plan_cgroup_join(plan, root);
	exd_plan_setns(plan, in, CLONE_NEWNET);
	exd_plan_nondumpable(plan);
	exd_plan_keyring(plan);
	exd_plan_tree(plan, in, tree, true);
	exd_plan_scratch(plan, scratch[0], scratch[1]);
	exd_plan_overlay(plan, &in, 1, root, scratch, 0x2);
	exd_plan_setsid(plan);
	exd_plan_unshare(plan, CLONE_NEWNS | CLONE_NEWCGROUP);
	exd_plan_propagation(plan, MS_REC | MS_PRIVATE);
	exd_plan_fs(plan, fs, "proc", "hidepid=2", 0xe);
	exd_plan_attr(plan, tree, 1, 0, MS_PRIVATE, true);
	exd_plan_attach_root(plan, tree);
	exd_plan_attach(plan, fs, tree, "/proc", EXD_ATTACH_MAKE_DIR);
	exd_plan_copyup(plan, fs, tree, "/var", true);
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
	exd_plan_time(plan, fs, "monotonic 5 0\n");
	exd_plan_park(plan);
	exd_plan_pivot(plan, tree);
	exd_plan_no_pivot(plan, tree, fs);
	exd_plan_chroot(plan, tree);
	exd_plan_tty_open(plan, tree, "dev/pts", pty, 0, 5);
	exd_plan_stdio(plan, pty, pty, pty);
	exd_plan_ctty(plan);
	exd_plan_userns(plan, userns, "0 1000 1\n", "0 1001 1\n", EXD_USERNS_HELPERS);
	exd_plan_idmap(plan, pty, userns, "'/data' (file system ext4)", true);
	exd_plan_setns(plan, userns, CLONE_NEWUSER);
	exd_plan_rebirth(plan, CLONE_NEWPID);
	exd_plan_rlimit(plan, RLIMIT_NOFILE, 1024, UINT64_MAX);
	exd_plan_umask(plan, 022);
	exd_plan_affinity(plan, "0-1,5");
	exd_plan_nice(plan, -5);
	exd_plan_scheduler(plan, "fifo,priority=10");
	exd_plan_ioprio(plan, "be:4");
	exd_plan_personality(plan, "linux32", 8);
	exd_plan_landlock(plan, rules, 0x7fff, 0xd);
	exd_plan_bounding(plan, 0x20);
	exd_plan_groups(plan, gids, 2);
	exd_plan_no_new_privs(plan);
	exd_plan_seccomp(plan, filter, sizeof(filter), 0);
	exd_plan_connect(plan, pty, "/run/agent.sock");
	exd_plan_seccomp_notify(plan, filter, sizeof(filter), 0, pty, rules);
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
	ck_assert_str_eq(line.text, "make cgroup /dev/null/exd/box, with the cpus and nodes of the one above");
	exd_report_line(report, 7, &line);
	ck_assert_str_eq(line.topic, "child 7");
	line_with(report, "connect to /run/agent.sock");
	line_with(report, "load seccomp filter of 2 instructions, hash ");
	line_with(report, "make file system proc (nosuid,nodev,noexec) hidepid=2");
	line_with(report, "mount proc on /proc");
	line_with(report, "join cgroup through /dev/null/exd/box/cgroup.procs");
	line_with(report, "set attributes of /dev/null (ro) (private), recursive");
	line_with(report, "allow /dev/null/exd/box the devices c 1:3 rwm and no others, by 2 instructions, hash ");
	line_with(report, "set propagation of / (rec,private)");
	line_with(report, "make own namespaces (mnt,cgroup)");
	line_with(report, "write '65536' to /dev/null/exd/box/memory.max");
	line_with(report, "set limit nofile (number 7) to 1024:unlimited");
	line_with(report, "run on cpus 0-1,5");
	line_with(report, "set nice to -5");
	line_with(report, "be scheduled as fifo,priority=10");
	line_with(report, "set I/O priority be:4");
	line_with(report, "see kernel linux32");
	line_with(report, "touch no files by Landlock but [ro:/usr rw:/tmp]");
	line_with(report, "make a user namespace with uids (0 1000 1), gids (0 1001 1), flags 0x1");
	line_with(report, "map the ids of '/data' (file system ext4), ");
	line_with(report, ", as in the user namespace, recursive");
	line_with(report, "join namespace the user namespace (user)");
	line_with(report, "start anew in own namespaces (pid)");
	line_with(report, "mask /proc/keys; skipped when missing");
	line_with(report, "ip_forward to '1'; a failure is a warning");
	line_with(report, "make device /dev/null (1:3) mode 0666 for 0:5, a character device");
	line_with(report, "seccomp filter of 2 instructions, hash ");
	line_with(report, "keep capabilities kill in the bounding set");
	line_with(report, "effective chown; permitted dac_override; inheritable dac_read_search; ambient fowner");
	line_with(report, "mount proc on /proc, made as a directory when missing");
	line_with(report, "make file /etc/x mode 0644 for 0:0, of 'y'");
	line_with(report, "change to directory /work, made when missing");
	line_with(report, "additional groups to (4 24)");
	line_with(report, "execute [/bin/true -x] with 2 variables [");
	ck_assert_int_eq(plan_seal(plan, NULL, NULL, NULL), 0);
	exd_report_free(report);
	plan_free(plan);
}
END_TEST

START_TEST(test_printing_hides_control_characters_and_cuts_nothing)
{
	static const char *const odd_args[] = {"/bin/echo", "", "a b", "it's", "c\n", NULL};
	struct exd_plan *plan = new_plan();
	struct exd_report *report = NULL;
	char large[1000];

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	exd_plan_hostname(plan, "a\033b");
	exd_plan_hostname(plan, large);
	exd_plan_exec(plan, odd_args, env);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(plan_print(plan, report, NULL), 0);
	line_with(report, "set hostname a\\x1bb");
	line_with(report, large);
	line_with(report, "execute [/bin/echo '' 'a b' 'it'\\''s' c\\n] with 2 variables [");
	line_with(report, ", the first of: /bin/echo, given as a path");
	exd_report_free(report);
	plan_free(plan);
}
END_TEST

/* The text of the step, to be freed. */
static char *text_of(const struct exd_plan *plan, size_t number)
{
	struct exd_report_line line = {.struct_size = sizeof(line)};
	struct exd_report *report = NULL;
	char topic[32], *text = NULL;

	snprintf(topic, sizeof(topic), " %zu", number);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(plan_print(plan, report, NULL), 0);
	for (size_t i = 0; !text && exd_report_line(report, i, &line); i++)
		if (strchr(line.topic, ' ') && strcmp(strchr(line.topic, ' '), topic) == 0)
			text = strdup(line.text);
	exd_report_free(report);
	ck_assert_ptr_nonnull(text);
	return text;
}

/* How many arguments a program has follows from them. */
static bool is_count(const struct wire_step *step, int index)
{
	return step->op == WIRE_EXEC && index < 1;
}

/* The change of one argument must be seen in the words. */
static void check_seen(const struct exd_plan *plan, size_t number, const char *before)
{
	char *after = text_of(plan, number);

	ck_assert_msg(strcmp(before, after) != 0, "a change is not told in '%s'", after);
	free(after);
}

START_TEST(test_every_argument_is_told)
{
	struct exd_plan *plan = new_plan();
	size_t *order = NULL;
	int slot, leaf, changed = 0;

	slot = exd_plan_fd_consume(plan, open("/dev/null", O_RDONLY | O_CLOEXEC), EXD_FD_KEEP);
	leaf = exd_plan_slot(plan);
	exd_plan_cgroup_make(plan, slot, leaf, "exd/other", "+memory +pids", false);
	exd_plan_cgroup_make_file(plan, slot, leaf, "exd/third", "tasks", false);
	build_all(plan);
	ck_assert_int_eq(plan_order(plan, &order), 0);
	for (size_t i = 0; i < plan->step_count; i++) {
		struct wire_step *step = &plan->steps[order[i]].wire;
		char *before = text_of(plan, i);

		for (int k = 0; k < 4; k++) {
			if (!step->num[k] || is_count(step, k))
				continue;
			step->num[k] ^= 1;
			check_seen(plan, i, before);
			step->num[k] ^= 1;
			changed++;
		}
		for (int k = 0; k < 3; k++) {
			if (!step->str[k].size)
				continue;
			plan->data[step->str[k].offset] ^= 1;
			check_seen(plan, i, before);
			plan->data[step->str[k].offset] ^= 1;
			changed++;
		}
		free(before);
	}
	ck_assert_int_gt(changed, 60);
	free(order);
	plan_free(plan);
}
END_TEST

START_TEST(test_birth_is_told)
{
	struct exd_plan *plan = new_plan();
	struct exd_report *report = NULL;

	build_all(plan);
	exd_plan_birth(plan, CLONE_NEWPID | CLONE_NEWUTS, -1, -1);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(plan_print(plan, report, NULL), 0);
	line_with(report, "be born, with own namespaces (pid,uts)");
	exd_report_free(report);
	plan_free(plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan_print");
	TCase *tc = tap_tcase(s, "print");

	tcase_add_test(tc, test_every_step_is_told_in_words);
	tcase_add_test(tc, test_printing_hides_control_characters_and_cuts_nothing);
	tcase_add_test(tc, test_every_argument_is_told);
	tcase_add_test(tc, test_birth_is_told);
	return tap_main(s);
}
