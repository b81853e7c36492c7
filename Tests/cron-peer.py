#!/usr/bin/env python3
"""Answers questions about time with other people's code, so that the tests can compare.

cron-peer.py check              exits 0 where croniter is installed
cron-peer.py cron   < LINES     "EXPRESSION<TAB>SECOND" -> the next three minutes from SECOND on that match, in UTC
cron-peer.py zones  < LINES     "ZONE<TAB>SECOND" -> the seconds east of UTC, from the zone's file in /usr/share/zoneinfo
"""

import datetime
import sys
import zoneinfo


def cron(expression, second):
    # With implement_cron_bug, a day field that begins with `*` is not restricted, as in Vixie's cron.
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
