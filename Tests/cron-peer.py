#!/usr/bin/env python3
"""Evaluates cron expressions with croniter and time zones with zoneinfo, so that the tests can compare the results.

cron-peer.py check              Exits with 0 if croniter is installed.
cron-peer.py cron   < LINES     "EXPRESSION<TAB>SECOND" -> the first three minutes in UTC from SECOND on that match
cron-peer.py zones  < LINES     "ZONE<TAB>SECOND" -> the offset in seconds east of UTC, from /usr/share/zoneinfo

All times are seconds since 1970-01-01T00:00:00Z.
"""

import datetime
import sys
import zoneinfo


def cron(expression, second):
    # With implement_cron_bug, a day field that begins with `*` does not count as restricted. Vixie's cron does the same.
    times = croniter(expression, second - 1, ret_type=float, implement_cron_bug=True)
    return " ".join(str(int(times.get_next())) for _ in range(3))


def zone(name, second):
    instant = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=second)
    return int(instant.astimezone(zoneinfo.ZoneInfo(name)).utcoffset().total_seconds())


mode = sys.argv[1]
if mode in ("check", "cron"):
    from croniter import croniter
if mode != "check":
    for line in sys.stdin:
        what, second = line.rstrip("\n").split("\t")
        print((cron if mode == "cron" else zone)(what, int(second)))
