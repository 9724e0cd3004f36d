/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts of the counters of disks, pressure, cpus and network interfaces. */
#include <string.h>

#include "drivers/native/netdev.h"
#include "drivers/native/stats_more.h"
#include "tests/tap.h"

START_TEST(disks_of_v1_are_added_up)
{
	uint64_t reads = 0, writes = 0;

	stats_io_v1("8:0 Read 4096\n8:0 Write 100\n8:0 Sync 1\n8:0 Total 4197\n"
		    "254:16 Read 1\n254:16 Write 2\nTotal 4200\n",
		    &reads, &writes);
	ck_assert_uint_eq(reads, 4097);
	ck_assert_uint_eq(writes, 102);
	stats_io_v1("Total 0\n", &reads, &writes);
	stats_io_v1("", &reads, &writes);
	ck_assert_uint_eq(reads, 4097);
}
END_TEST

START_TEST(disks_of_v2_are_added_up)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	stats_io_v2("8:0 rbytes=4096 wbytes=100 rios=2 wios=3 dbytes=9 dios=9\n"
		    "254:0 \n8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0",
		    &stats);
	ck_assert_uint_eq(stats.io_read_bytes, 4097);
	ck_assert_uint_eq(stats.io_write_bytes, 102);
	ck_assert_uint_eq(stats.io_reads, 5);
	ck_assert_uint_eq(stats.io_writes, 7);
}
END_TEST

START_TEST(pressure_is_the_total)
{
	uint64_t some = 0, full = 0;

	stats_pressure("some avg10=1.00 avg60=0.00 avg300=0.00 total=1234\n"
		       "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
		       &some, &full);
	ck_assert_uint_eq(some, 1234000);
	ck_assert_uint_eq(full, 5000);
	/* before Linux 5.13 cpu has no second line */
	full = 0;
	stats_pressure("some avg10=1.00 avg60=0.00 avg300=0.00 total=7", &some, &full);
	ck_assert_uint_eq(some, 7000);
	ck_assert_uint_eq(full, 0);
}
END_TEST

START_TEST(numbers_beyond_the_room_are_counted)
{
	uint64_t list[3] = {0, 0, 77};

	ck_assert_uint_eq(stats_numbers("11 0 33 \n", list, 2), 3);
	ck_assert_uint_eq(list[0], 11);
	ck_assert_uint_eq(list[1], 0);
	ck_assert_uint_eq(list[2], 77);
	ck_assert_uint_eq(stats_numbers("", list, 2), 0);
}
END_TEST

START_TEST(interfaces_one_by_one)
{
	static const char text[] =
		"Inter-|   Receive                            |  Transmit\n"
		" face |bytes    packets errs drop fifo|bytes    packets errs drop\n"
		"    lo:  100  1 0 0 0 0 0 0  100 1 0 0 0 0 0 0\n"
		"  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0\n"
		"a_name_of_fifteen_and_more: 5 5 5 5 0 0 0 0 6 6 6 6 0 0 0 0\n"
		"  bad: 7 7\n";
	struct exd_stats_interface list[2];

	memset(list, 'x', sizeof(list));
	ck_assert_uint_eq(netdev_list(text, list, 1), 2);
	ck_assert_str_eq(list[0].name, "eth0");
	ck_assert_uint_eq(list[0].rx_bytes, 1000);
	ck_assert_uint_eq(list[0].rx_dropped, 2);
	ck_assert_uint_eq(list[0].tx_packets, 20);
	ck_assert_uint_eq(list[0].tx_dropped, 4);
	ck_assert_int_eq(list[1].name[0], 'x');
	ck_assert_uint_eq(netdev_list(text, list, 2), 2);
	ck_assert_str_eq(list[1].name, "a_name_of_fifte");
	ck_assert_uint_eq(netdev_list("", list, 2), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("native_stats");
	TCase *tc = tap_tcase(s, "texts");

	tcase_add_test(tc, disks_of_v1_are_added_up);
	tcase_add_test(tc, disks_of_v2_are_added_up);
	tcase_add_test(tc, pressure_is_the_total);
	tcase_add_test(tc, numbers_beyond_the_room_are_counted);
	tcase_add_test(tc, interfaces_one_by_one);
	return tap_main(s);
}
