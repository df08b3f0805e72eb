#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zone_cases COUNT SEED: cases of (zone, instant, policy) and what docket must
make of them, from python3's zoneinfo and datetime alone.

A line: zone, instant, restart, fiscal year, template, number, then the oracle's
word: period, its first second, the first second after it, date, text; tabs
between. The first cases are those that have gone wrong somewhere, each at its
edge to the second; random ones fill up to COUNT.
"""
import calendar
import datetime as dt
import random
import sys
import zoneinfo

UTC = dt.timezone.utc
DAY = dt.timedelta(days=1)
MONTHS = [name.lower() for name in calendar.month_name[1:]]
WEEKDAYS = [name.lower() for name in calendar.day_name]
SERIES = "INV"
zones = {}


def zone_of(name):
    if name not in zones:
        zones[name] = zoneinfo.ZoneInfo(name)
    return zones[name]


def local_date(zone, instant):
    return dt.datetime.fromtimestamp(instant, zone_of(zone)).date()


def epoch_of(date):
    return int(dt.datetime(date.year, date.month, date.day, tzinfo=UTC).timestamp())


def offset(zone, instant):
    return int(dt.datetime.fromtimestamp(instant, zone_of(zone)).utcoffset().total_seconds())


starts = {}


def day_start(zone, date):
    """The first second at which the zone shows the date or a later one."""
    key = (zone, date)
    if key not in starts:
        midnight = epoch_of(date)
        before, after = offset(zone, midnight - 100000), offset(zone, midnight + 100000)
        start = midnight - before
        simple = before == after and local_date(zone, start) == date and local_date(zone, start - 1) < date
        if not simple or any(offset(zone, midnight + hours * 3600) != before for hours in range(-24, 25, 3)):
            # A change is near: every minute, from before any zone can show it.
            start = midnight - 26 * 3600
            while local_date(zone, start) < date:
                start += 60
            while local_date(zone, start - 1) >= date:
                start -= 1
        starts[key] = start
    return starts[key]


def date_at(zone, instant):
    """The last day that has begun."""
    date = local_date(zone, instant)
    while day_start(zone, date + DAY) <= instant:
        date += DAY
    while day_start(zone, date) > instant:
        date -= DAY
    return date


# ---- fiscal years: all of them, by walking over every day of the range ----

def month_end(year, month):
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def fiscal_end(rule, year):
    """The last day of the fiscal year whose last month ends in this calendar year."""
    words = rule.split("-")
    if len(words) == 1:
        month = MONTHS.index(words[0]) or 12
        return month_end(year, month)
    end = month_end(year, MONTHS.index(words[2]) + 1)
    wanted = WEEKDAYS.index(words[1])
    near = range(-6, 1) if words[0] == "last" else range(-3, 4)
    return next(end + n * DAY for n in near if (end + n * DAY).weekday() == wanted)


def is_calendar(rule):
    return rule == "january" or rule.endswith("-december")


def fiscal_year(rule, date):
    """First day, last day, the years of its numbers."""
    year = date.year - 1
    while fiscal_end(rule, year) < date:
        year += 1
    return fiscal_end(rule, year - 1) + DAY, fiscal_end(rule, year), year if is_calendar(rule) else year - 1, year


# ---- what a policy makes of a date ----

def span_of(restart, rule, date):
    if restart == "never":
        return "", None, None
    if restart == "yearly":
        return "%04d" % date.year, dt.date(date.year, 1, 1), dt.date(date.year, 12, 31)
    if restart == "quarterly":
        quarter = (date.month + 2) // 3
        return ("%04d-Q%d" % (date.year, quarter), dt.date(date.year, quarter * 3 - 2, 1),
                month_end(date.year, quarter * 3))
    if restart == "monthly":
        return date.strftime("%Y-%m"), date.replace(day=1), month_end(date.year, date.month)
    if restart == "weekly":
        year, week, weekday = date.isocalendar()
        return "%04d-W%02d" % (year, week), date - (weekday - 1) * DAY, date + (7 - weekday) * DAY
    if restart == "daily":
        return date.isoformat(), date, date
    first, last, one, other = fiscal_year(rule, date)
    return "%04d" % other if one == other else "%04d-%04d" % (one, other), first, last


def text_of(template, rule, date, number):
    year, week, _ = date.isocalendar()
    _, _, one, other = fiscal_year(rule, date)
    base36 = ""
    rest = number
    while rest:
        base36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest % 36] + base36
        rest //= 36
    return (template.replace("{SERIES}", SERIES)
            .replace("{YYYY}", "%04d" % date.year).replace("{YY}", "%02d" % (date.year % 100))
            .replace("{MM}", "%02d" % date.month).replace("{DD}", "%02d" % date.day)
            .replace("{Q}", str((date.month + 2) // 3)).replace("{DDD}", date.strftime("%j"))
            .replace("{GGGG}", "%04d" % year).replace("{GG}", "%02d" % (year % 100)).replace("{WW}", "%02d" % week)
            .replace("{FY:2025-26}", "%04d-%02d" % (one, other % 100))
            .replace("{FY:25-26}", "%02d-%02d" % (one % 100, other % 100))
            .replace("{FY:2526}", "%02d%02d" % (one % 100, other % 100))
            .replace("{FY:2025-2026}", "%04d-%04d" % (one, other))
            .replace("{FY:2025}", "%04d" % one).replace("{FY:26}", "%02d" % (other % 100))
            .replace("{N:6}", "%06d" % number).replace("{N}", str(number)).replace("{N36:4}", base36.rjust(4, "0")))


TEMPLATES = {
    "never": ["{SERIES}-{N:6}", "{SERIES}-{YYYY}{MM}{DD}-{N:6}"],
    "yearly": ["{SERIES}-{YYYY}{MM}{DD}-{N:6}", "{YY}/{DDD}/{N}", "{YYYY}.{Q}.{N36:4}"],
    "quarterly": ["{YYYY}Q{Q}-{N}", "{SERIES}/{YY}{MM}{DD}/{N:6}"],
    "monthly": ["{YYYY}-{MM}-{N}", "{SERIES}-{YYYY}{MM}{DD}-{N:6}"],
    "weekly": ["{GGGG}-W{WW}-{N}", "{GG}{WW}/{YYYY}-{MM}-{DD}/{N:6}"],
    "daily": ["{SERIES}-{YYYY}{MM}{DD}-{N:6}", "{YYYY}/{DDD}/{N36:4}"],
    "fiscal": ["{FY:2025-26}/{N}", "{FY:25-26}-{YYYY}{MM}{DD}-{N:6}", "{FY:2526}-{N}", "{FY:2025-2026}.{N}",
               "{FY:2025}-{N:6}", "FY{FY:26}-{MM}{DD}-{N}"],
}
FISCAL = ["january", "april", "july", "october", "december", "last-saturday-january", "last-saturday-september",
          "nearest-saturday-january", "nearest-saturday-december", "last-friday-december", "nearest-monday-june"]


def emit(zone, instant, restart, rule, template, number):
    date = date_at(zone, instant)
    label, first, last = span_of(restart, rule, date)
    begins = 0 if first is None else day_start(zone, first)
    ends = 2 ** 63 - 1 if last is None else day_start(zone, last + DAY)
    assert begins <= instant < ends
    print(zone, instant, restart, rule, template, number, label or "-", begins, ends, date.strftime("%Y%m%d"),
          text_of(template, rule, date, number), sep="\t")


# Zone, day: every edge of a day that was reported to go wrong, and the shapes that the issue names.
NAMED = [
    ("Pacific/Kiritimati", "2026-01-01"), ("Pacific/Kiritimati", "2026-04-01"),  # +14:00
    ("Pacific/Pago_Pago", "2026-01-01"), ("Pacific/Pago_Pago", "2027-01-04"),  # -11:00
    ("Pacific/Apia", "2011-12-29"), ("Pacific/Apia", "2011-12-30"), ("Pacific/Apia", "2011-12-31"),  # no December 30
    ("Pacific/Apia", "2012-01-01"), ("Pacific/Fakaofo", "2011-12-30"), ("Pacific/Kwajalein", "2026-01-01"),
    ("America/Sao_Paulo", "2018-11-04"), ("America/Sao_Paulo", "2018-02-18"), ("America/Sao_Paulo", "2017-10-15"),
    ("Asia/Beirut", "2026-03-29"), ("Asia/Beirut", "2026-10-25"), ("Asia/Beirut", "2022-03-27"),
    ("America/Asuncion", "2024-10-06"), ("America/Asuncion", "2024-03-24"), ("America/Asuncion", "2023-10-01"),
    ("America/St_Johns", "2010-03-14"), ("America/St_Johns", "2010-11-07"), ("America/St_Johns", "2011-03-13"),
    ("America/Havana", "2026-03-08"), ("America/Havana", "2026-11-01"), ("America/Scoresbysund", "2024-03-31"),
    ("Africa/Cairo", "2010-04-30"), ("Africa/Cairo", "2026-04-24"), ("Africa/Cairo", "2026-10-30"),
    ("Asia/Gaza", "2009-03-28"), ("Asia/Amman", "2022-02-25"), ("Asia/Tehran", "2022-03-22"),
    ("Asia/Pyongyang", "2018-05-05"), ("America/Caracas", "2007-12-09"), ("Asia/Kathmandu", "2026-07-16"),
    ("Australia/Lord_Howe", "2026-04-05"), ("Pacific/Chatham", "2026-04-05"), ("Antarctica/Troll", "2026-03-29"),
    ("Europe/Vienna", "2026-01-01"), ("Europe/Vienna", "2024-02-29"), ("Europe/Vienna", "2026-03-29"),
    ("Europe/London", "2026-04-06"), ("Asia/Kolkata", "2026-04-01"), ("Asia/Kolkata", "2027-04-01"),
    ("America/New_York", "2026-02-01"), ("America/New_York", "2099-12-31"), ("Asia/Tokyo", "2001-01-01"),
    ("Africa/Casablanca", "2087-05-12"), ("America/Nuuk", "2023-03-26"), ("UTC", "2026-12-28"), ("UTC", "2027-01-04"),
    ("Etc/GMT+12", "2026-01-01"), ("Etc/GMT-14", "2026-01-01"), ("Europe/Volgograd", "2020-12-27"),
    ("Asia/Hebron", "2050-10-30"), ("America/Santiago", "2026-09-06"), ("America/Santiago", "2099-04-05"),
]


def main(count, seed):
    draw = random.Random(seed)
    said = 0
    for zone, day in NAMED:
        date = dt.date.fromisoformat(day)
        edge = day_start(zone, date)
        # Half past midnight by the clock on the wall; both sides of the edge to the second; the end of the day.
        for nth, instant in enumerate((edge - 1, edge, edge + 1800, day_start(zone, date + DAY) - 1)):
            restart = ("daily", "yearly", "weekly", "monthly", "fiscal", "quarterly", "never")[(said + nth) % 7]
            rule = FISCAL[said % len(FISCAL)] if restart == "fiscal" else "january"
            if day.endswith("-04-01"):
                restart, rule = "fiscal", "april"
            if nth < 2 and said % 3 == 0:
                restart, rule = "daily", "january"
            emit(zone, instant, restart, rule, draw.choice(TEMPLATES[restart]), draw.randrange(1, 10 ** 6))
            said += 1
    names = sorted(name for name in zoneinfo.available_timezones()
                   if name[0].isalpha() and not name.startswith(("posix", "right")) and name not in ("localtime", "Factory"))
    span = (dt.date(2099, 12, 30) - dt.date(2001, 1, 3)).days
    while said < count:
        zone = draw.choice(names)
        restart = draw.choice(sorted(TEMPLATES))
        rule = draw.choice(FISCAL) if restart == "fiscal" else "january"
        date = dt.date(2001, 1, 3) + draw.randrange(span) * DAY
        instant = day_start(zone, date) + draw.randrange(80000)
        _, first, last = span_of(restart, rule, date_at(zone, instant))
        if first is not None and draw.random() < 0.7:  # an edge of its period
            edge = day_start(zone, first if draw.random() < 0.5 else last + DAY)
            instant = edge + draw.choice((-1, 0, 0, 1800))
        if instant >= 4102444800 - 86400 or instant < 978393600:
            continue
        emit(zone, instant, restart, rule, draw.choice(TEMPLATES[restart]), draw.randrange(1, 10 ** 6))
        said += 1


main(int(sys.argv[1]), int(sys.argv[2]))
