/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* execdriver-monitor: runs plans and supervises what they start. */

int main(void)
{
	return 2;
}
