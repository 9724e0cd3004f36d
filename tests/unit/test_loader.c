/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading of drivers: who may have written the file, and what of it keeps to the ABI. */
#include "tests/tap.h"

#include <dlfcn.h>
#include <errno.h>

#include "core/loader.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;

static void setup(void)
{
	scratch_make(&scratch);
}

static void teardown(void)
{
	scratch_remove(&scratch);
}

/* Loading the file fails with this code, and the text holds both words. */
static void refused(const char *path, enum exd_code code, const char *word, const char *cure)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_driver driver = {.abi = 77};
	void *handle = NULL;

	ck_assert_int_lt(loader_open(path, "odd", &driver, &handle, &err), 0);
	ck_assert_msg(err.code == code, "code %s, text %s", exd_error_name(err.code), err.text);
	ck_assert_contains(err.text, path);
	ck_assert_contains(err.text, word);
	ck_assert_contains(err.text, cure);
	ck_assert_uint_eq(driver.abi, 77);
	ck_assert_ptr_null(handle);
}

static const struct {
	const char *source;
	enum exd_code code;
	const char *word;
	const char *cure;
} odd[] = {
	{"no_symbol", EXD_ERR_DRIVER_LOAD, "not a driver", "exd_driver_entry"},
	{"undefined", EXD_ERR_DRIVER_LOAD, "undefined symbol", "function_that_nobody_has"},
	{"function_entry", EXD_ERR_DRIVER_ABI, "not a struct exd_driver", "exd_driver_entry"},
	{"other_abi", EXD_ERR_DRIVER_ABI, "driver ABI 2", "build it against"},
	{"short_struct", EXD_ERR_DRIVER_ABI, "struct_size", "sizeof(struct exd_driver)"},
	{"long_struct", EXD_ERR_DRIVER_ABI, "struct_size", "sizeof(struct exd_driver)"},
	{"claims_exec", EXD_ERR_DRIVER_ABI, "claims the capability of exec", "no such function"},
	{"hides_exec", EXD_ERR_DRIVER_ABI, "has the function exec", "does not claim"},
	{"half_pause", EXD_ERR_DRIVER_ABI, "claims the capability of unpause", "no such function"},
	{"no_run", EXD_ERR_DRIVER_ABI, "required function", "run"},
	{"no_name", EXD_ERR_DRIVER_ABI, "configured as 'odd'", "correct the name"},
};

START_TEST(test_odd_driver_is_refused)
{
	scratch_driver(&scratch, odd[_i].source, "odd.so");
	refused(scratch_path(&scratch, "odd.so"), odd[_i].code, odd[_i].word, odd[_i].cure);
	ck_assert_ptr_null(dlopen(scratch.name, RTLD_NOW | RTLD_NOLOAD));
}
END_TEST

START_TEST(test_name_must_be_the_configured_one)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_driver driver;
	void *handle = NULL;

	scratch_driver(&scratch, "plain", "odd.so");
	ck_assert_int_lt(
		loader_open(scratch_path(&scratch, "odd.so"), "other", &driver, &handle, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_ABI);
	ck_assert_contains(err.text, "'odd'");
	ck_assert_contains(err.text, "'other'");
}
END_TEST

/*
 * Of another length than ours, and both right: early ends before exec, future goes on after what we
 * know.
 */
static void loads(const char *source, struct exd_driver *driver)
{
	struct exd_error err = EXD_ERROR_INIT;
	void *handle = NULL;
	int r;

	scratch_driver(&scratch, source, "odd.so");
	r = loader_open(scratch_path(&scratch, "odd.so"), "odd", driver, &handle, &err);
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(driver->name, "odd");
	ck_assert_ptr_nonnull(driver->info);
	driver->name = NULL;
	ck_assert_int_eq(dlclose(handle), 0);
}

START_TEST(test_plain_driver_loads)
{
	struct exd_driver driver;

	loads("plain", &driver);
	ck_assert_ptr_null(driver.exec);
	ck_assert_uint_eq(driver.caps, 0);
}
END_TEST

START_TEST(test_shorter_struct_reads_as_zero)
{
	struct exd_driver driver;

	loads("early", &driver);
	ck_assert_ptr_null(driver.exec);
	ck_assert_ptr_null(driver.explain);
}
END_TEST

START_TEST(test_unknown_capability_is_masked)
{
	struct exd_driver driver;

	loads("future", &driver);
	ck_assert_uint_eq(driver.caps, EXD_CAP_EXEC);
	ck_assert_ptr_nonnull(driver.exec);
}
END_TEST

START_TEST(test_missing_file)
{
	refused(scratch_path(&scratch, "none.so"), EXD_ERR_DRIVER_NOT_FOUND, "no driver",
		"install it");
}
END_TEST

START_TEST(test_missing_folder)
{
	refused(scratch_path(&scratch, "none/odd.so"), EXD_ERR_DRIVER_NOT_FOUND, "folder", "");
}
END_TEST

START_TEST(test_relative_path)
{
	refused("odd.so", EXD_ERR_DRIVER_UNTRUSTED, "absolute", "");
}
END_TEST

START_TEST(test_not_an_object)
{
	scratch_write(&scratch, "odd.so", "#!/bin/sh\necho no driver\n");
	refused(scratch_path(&scratch, "odd.so"), EXD_ERR_DRIVER_LOAD, "cannot load", "");
}
END_TEST

START_TEST(test_empty_file)
{
	scratch_write(&scratch, "odd.so", "");
	refused(scratch_path(&scratch, "odd.so"), EXD_ERR_DRIVER_LOAD, "cannot load", "");
}
END_TEST

START_TEST(test_folder_as_driver)
{
	scratch_mkdir(&scratch, "odd.so");
	refused(scratch_path(&scratch, "odd.so"), EXD_ERR_DRIVER_LOAD, "not a regular file", "");
}
END_TEST

START_TEST(test_fifo_as_driver_does_not_block)
{
	ck_assert_int_eq(mkfifo(scratch_path(&scratch, "odd.so"), 0600), 0);
	refused(scratch_path(&scratch, "odd.so"), EXD_ERR_DRIVER_LOAD, "not a regular file", "");
}
END_TEST

static const mode_t open_modes[] = {0664, 0646, 0602, 0777};

START_TEST(test_file_that_others_can_write)
{
	scratch_driver(&scratch, "plain", "odd.so");
	ck_assert_int_eq(chmod(scratch.name, open_modes[_i]), 0);
	refused(scratch_path(&scratch, "odd.so"), EXD_ERR_DRIVER_UNTRUSTED, "can be written",
		"chmod go-w");
}
END_TEST

static const mode_t folder_modes[] = {0775, 0757, 01777};

START_TEST(test_folder_that_others_can_write)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_driver driver;
	void *handle = NULL;

	scratch_mkdir(&scratch, "d");
	scratch_driver(&scratch, "plain", "d/odd.so");
	ck_assert_int_eq(chmod(scratch_path(&scratch, "d"), folder_modes[_i]), 0);
	ck_assert_int_lt(
		loader_open(scratch_path(&scratch, "d/odd.so"), "odd", &driver, &handle, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_UNTRUSTED);
	*strrchr(scratch.name, '/') = '\0';
	ck_assert_contains(err.text, scratch.name);
	ck_assert_contains(err.text, "chmod go-w");
}
END_TEST

START_TEST(test_symbolic_link_to_a_driver)
{
	scratch_driver(&scratch, "plain", "real.so");
	ck_assert_int_eq(symlink("real.so", scratch_path(&scratch, "odd.so")), 0);
	refused(scratch_path(&scratch, "odd.so"), EXD_ERR_DRIVER_UNTRUSTED, "symbolic link",
		"name the file");
}
END_TEST

START_TEST(test_symbolic_link_to_the_folder)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_driver driver;
	void *handle = NULL;

	scratch_mkdir(&scratch, "d");
	scratch_driver(&scratch, "plain", "d/odd.so");
	ck_assert_int_eq(symlink("d", scratch_path(&scratch, "l")), 0);
	ck_assert_int_lt(
		loader_open(scratch_path(&scratch, "l/odd.so"), "odd", &driver, &handle, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_UNTRUSTED);
	ck_assert_contains(err.text, "symbolic link");
}
END_TEST

START_TEST(test_file_of_another_owner)
{
	if (geteuid() != 0)
		tap_skip("needs root to give a file away");
	scratch_driver(&scratch, "plain", "odd.so");
	ck_assert_int_eq(chown(scratch.name, 12345, 0), 0);
	refused(scratch_path(&scratch, "odd.so"), EXD_ERR_DRIVER_UNTRUSTED, "uid 12345",
		"owner must be root");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loader");
	TCase *tc = tap_tcase(s, "abi");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_odd_driver_is_refused, 0, sizeof(odd) / sizeof(odd[0]));
	tcase_add_test(tc, test_name_must_be_the_configured_one);
	tcase_add_test(tc, test_plain_driver_loads);
	tcase_add_test(tc, test_shorter_struct_reads_as_zero);
	tcase_add_test(tc, test_unknown_capability_is_masked);
	tc = tap_tcase(s, "trust");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_missing_file);
	tcase_add_test(tc, test_missing_folder);
	tcase_add_test(tc, test_relative_path);
	tcase_add_test(tc, test_not_an_object);
	tcase_add_test(tc, test_empty_file);
	tcase_add_test(tc, test_folder_as_driver);
	tcase_add_test(tc, test_fifo_as_driver_does_not_block);
	tcase_add_loop_test(tc, test_file_that_others_can_write, 0,
			    sizeof(open_modes) / sizeof(open_modes[0]));
	tcase_add_loop_test(tc, test_folder_that_others_can_write, 0,
			    sizeof(folder_modes) / sizeof(folder_modes[0]));
	tcase_add_test(tc, test_symbolic_link_to_a_driver);
	tcase_add_test(tc, test_symbolic_link_to_the_folder);
	tcase_add_test(tc, test_file_of_another_owner);
	return tap_main(s);
}
