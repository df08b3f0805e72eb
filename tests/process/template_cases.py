#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# template_cases PAGE DATE: for each example of docs/TEMPLATES.md one line: options of
# `docket series add` with tabs between them, then | and the texts of numbers 1, 2 and
# 3 on that date (yyyy-mm-dd), as an implementation of the language by other means has
# them: text substitution, python's own calendar, whole numbers. Tenant acmeLINE,
# series INV.
import datetime
import re
import sys

MONTHS = "january february march april may june july august september october november december".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


def last_day(year, month):
    return datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.timedelta(1)


def fiscal_years(day, rule):
    """The years in which the day's fiscal year begins and ends."""
    if "-" not in rule:
        first = MONTHS.index(rule) + 1
        began = day.year if day.month >= first else day.year - 1
        return began, began if first == 1 else began + 1
    kind, weekday, month = rule.split("-")
    month = MONTHS.index(month) + 1
    for year in (day.year - 1, day.year, day.year + 1):
        end = last_day(year, month)
        back = (end.weekday() - DAYS.index(weekday)) % 7
        end -= datetime.timedelta(back - 7 if kind == "nearest" and back > 3 else back)
        if day <= end:
            return (year if month == 12 else year - 1), year


def in_base(number, base):
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return digits


def check_digits(kind, before):
    digits = [int(c) for c in before if c.isdigit()]
    if kind == "LUHN":
        return next(str(d) for d in range(10) if sum(sum(divmod(x * (1 + i % 2), 10)) for i, x in enumerate(
            reversed(digits + [d]))) % 10 == 0)
    if kind == "MOD97":
        whole = "".join(str(int(c, 36)) for c in before if c.isalnum())
        return next("%02d" % d for d in range(2, 99) if int(whole + "%02d" % d) % 97 == 1)
    if kind == "MOD1110":
        product = 10
        for x in digits:
            product = ((product + x) % 10 or 10) * 2 % 11
        return next(str(d) for d in range(10) if (product + d) % 10 == 1)
    if kind == "SWISS":
        carry = 0
        for x in digits:
            carry = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)[(carry + x) % 10]
        return str(-carry % 10)
    weights = (7, 3, 1)
    return str(-sum(x * weights[i % 3] for i, x in enumerate(reversed(digits))) % 10)


def write(template, settings, tenant, day, number):
    first, last = fiscal_years(day, settings.get("fiscal-year", "january"))
    iso = day.isocalendar()
    fields = dict(pair.split("=") for pair in settings.get("fields", "").split())
    plain = {"SERIES": "INV", "TENANT": tenant, "PREFIX": settings.get("prefix", "INV"), "YYYY": "%04d" % day.year,
             "YY": "%02d" % (day.year % 100), "MM": "%02d" % day.month, "DD": "%02d" % day.day,
             "Q": str((day.month + 2) // 3), "DDD": "%03d" % day.timetuple().tm_yday, "GGGG": "%04d" % iso[0],
             "GG": "%02d" % (iso[0] % 100), "WW": "%02d" % iso[1]}
    text = ""
    for token, literal in re.findall(r"\{([^}]*)\}|([^{}]+)", template):
        name, _, more = token.partition(":")
        if literal:
            text += literal
        elif name in ("N", "N36"):
            text += in_base(number, 36 if name == "N36" else 10).rjust(int(more or 1), "0")
        elif name == "FIELD":
            text += fields[more]
        elif name == "FY":
            years = {"2025": "%04d" % first, "25": "%02d" % (first % 100), "2026": "%04d" % last, "26": "%02d" % (last % 100)}
            text += re.sub("2025|2026|25|26", lambda found: years[found.group()], more)
        elif name in plain:
            text += plain[name]
        else:
            text += check_digits(name, text)
    return text


def main():
    day = datetime.date(*map(int, sys.argv[2].split("-")))
    line = 0
    for row in open(sys.argv[1], encoding="utf-8"):
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        if not row.startswith("|") or len(cells) != 4 or not cells[1].startswith("`"):
            continue
        line += 1
        template = cells[1].strip("`")
        settings = dict(part.split("=", 1) for part in re.findall("`([^`]*)`", cells[2]))
        tenant = "acme%d" % line
        options = ["--template=" + template] + ["--%s=%s" % item for item in settings.items()]
        texts = [write(template, settings, tenant, day, number) for number in (1, 2, 3)]
        print("\t".join([tenant] + options) + "|" + " ".join(texts))


main()
