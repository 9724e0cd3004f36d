/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long a monitor with nothing to do stays for the next host: as the one that asked for most. */
#include "monitor/monitor.h"

void linger_ask(struct monitor *m, uint32_t seconds)
{
	if (seconds > WIRE_LINGER_MAX)
		seconds = WIRE_LINGER_MAX;
	if (seconds > m->linger_s)
		m->linger_s = seconds;
}

/* That it is not armed any more says all. */
static void is_over(struct monitor *m, struct timer *t)
{
	(void)m;
	(void)t;
}

void linger_begin(struct monitor *m)
{
	if (!m->linger_s)
		return;
	m->linger.fn = is_over;
	timer_arm(m, &m->linger, (uint64_t)m->linger_s * 1000 * MS_NS);
	/* Those of the host that has gone are none of its any more. */
	leaf_enter(m);
}
