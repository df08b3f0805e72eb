#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gaps: what gaps.sh needs beside the commands: blocks in the hands of a process, and
the figures of gaps and report counted again from the rows of fate.

    gaps.py late LIBRARY REALM SERIES          a strict block that comes back after later numbers
    gaps.py hold LIBRARY REALM SERIES COUNT TAKE   a block; TAKE numbers of it; waits to be killed
    gaps.py random LIBRARY REALM SERIES SEED   numbers and blocks at random
    gaps.py gaps FATE.json GAPS.json GAPS.csv  each gap is a row of fate, and none is left out
    gaps.py report FATE.json REPORT.json REPORT.csv
    gaps.py pending LIBRARY REALM SERIES COUNT  holds pending numbers of a gapless series; waits to be killed
    gaps.py records FATE.json RECORDS.json     each record's state is the number's fate, and no issued one is without
"""
import csv
import ctypes
import json
import random
import signal
import sys

COMING = {"laid", "open", "spare", "free"}
COLUMN = {"handed out": "net_issued", "issued": "net_issued", "void": "void", "unknown": "unknown",
          "reserved": "reserved", "pending": "pending", "in doubt": "in_doubt", "open": "open",
          "laid": "spare", "spare": "spare", "free": "spare"}


class Library:
    def __init__(self, path, realm, series):
        self.lib = ctypes.CDLL(path)
        self.lib.docket_last_error.restype = ctypes.c_char_p
        for name in ("docket_next", "docket_block_open"):
            getattr(self.lib, name).argtypes = None
        self.realm, self.series = ctypes.c_void_p(), ctypes.c_void_p()
        tenant, name = series.split("/")
        self.must(self.lib.docket_realm_open(realm.encode(), ctypes.byref(self.realm)))
        self.must(self.lib.docket_series_open(self.realm, tenant.encode(), name.encode(), ctypes.byref(self.series)))

    def must(self, status):
        if status != 0:
            sys.exit(f"status {status}: {self.lib.docket_last_error().decode()}")

    def next(self):
        number, period = ctypes.c_uint64(), ctypes.c_int32()
        self.must(self.lib.docket_next(self.series, ctypes.c_int64(-1), ctypes.byref(number), ctypes.byref(period)))
        return number.value

    def block(self, count):
        block = ctypes.c_void_p()
        self.must(self.lib.docket_block_open(self.series, ctypes.c_uint32(count), ctypes.c_int64(-1), ctypes.byref(block)))
        return block

    def take(self, block):
        number = ctypes.c_uint64()
        self.must(self.lib.docket_block_next(block, ctypes.byref(number)))
        return number.value

    def give_back(self, block):
        returned = ctypes.c_uint32()
        self.must(self.lib.docket_block_give_back(block, ctypes.byref(returned)))
        return returned.value

    def close(self):
        self.lib.docket_realm_close(self.realm)


def late(library):
    block = library.block(10)
    for _ in range(4):
        library.take(block)
    later = library.next()
    print(f"later {later}, returned {library.give_back(block)}")
    library.close()


def hold(library, count, take):
    block = library.block(count)
    numbers = [library.take(block) for _ in range(take)]
    print(f"held {numbers[-1] + 1} {numbers[0] + count - 1}", flush=True)
    signal.pause()


def pending(library, count):
    numbers = [library.next() for _ in range(count)]
    print(f"held {numbers[0]} {numbers[-1]}", flush=True)
    signal.pause()


def check_records(fate, records):
    """A number with a record is told as the record says; one that is told by the ledger has one."""
    by_record, by_fate = {}, {}
    for line in open(records, encoding="utf-8"):
        r = json.loads(line)
        name = (r["tenant"], r["series"], r["period"], r["number"])
        assert name not in by_record, f"{name} has two records"
        by_record[name] = r["state"]
    for c in counters(fate):
        if c["ledger"]:
            for r in c["ranges"]:
                for number in range(r["first"], r["last"] + 1):
                    by_fate[c["tenant"], c["series"], c["period"], number] = r["fate"]
    for name, state in by_record.items():
        if by_fate.get(name) != state:
            sys.exit(f"{name} is {by_fate.get(name)}, its record says {state}")
    for name, what in by_fate.items():
        if name not in by_record and what in ("issued", "pending", "in doubt", "reserved"):
            sys.exit(f"{name} is {what} and has no record")
    print(f"{len(by_record)} records, {len(by_fate)} numbers")


def at_random(library, seed):
    dice = random.Random(seed)
    blocks = []
    for _ in range(dice.randint(1, 12)):
        what = dice.random()
        if what < 0.4:
            for _ in range(dice.randint(1, 6)):
                library.next()
        elif what < 0.8:
            block, count = library.block(dice.randint(2, 9)), dice.randint(0, 2)
            for _ in range(count):
                library.take(block)
            blocks.append(block)
        elif blocks:
            library.give_back(blocks.pop(dice.randrange(len(blocks))))
    for block in blocks:
        library.give_back(block)
    library.close()


def counters(path):
    return json.load(open(path, encoding="utf-8"))["counters"]


def wanted_gaps(counter):
    """Rows that are missing: what is to come counts only below one that was given."""
    held, found = [], []
    for row in counter["ranges"]:
        if row["fate"] in COMING:
            held.append(row)
            continue
        found += held
        held = []
        if row["fate"] not in ("handed out", "issued"):
            found.append(row)
    return found


def read_csv(path):
    data = open(path, "rb").read()
    assert data.count(b"\n") == data.count(b"\r\n"), "a line does not end as RFC 4180 wants it"
    with open(path, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, strict=True))


def same(what, left, right):
    if left != right:
        for at in range(max(len(left), len(right))):
            one = left[at] if at < len(left) else None
            other = right[at] if at < len(right) else None
            if one != other:
                sys.exit(f"{what}, row {at}: {one} and {other}")


def check_gaps(fate, gaps, table):
    wanted = [(c["tenant"], c["series"], c["period"], r["first"], r["last"], r["fate"], r["cause"], r["time_ns"],
               r.get("event", 0), r.get("reason", ""))
              for c in counters(fate) for r in wanted_gaps(c)]
    told = json.load(open(gaps, encoding="utf-8"))
    rows = [(g["tenant"], g["series"], g["period"], g["first"], g["last"], g["fate"], g["cause"], g["time_ns"] or 0,
             g["event"] or 0, g["reason"]) for g in told["gaps"]]
    same("gaps --json", rows, wanted)
    assert told["numbers"] == sum(r[4] - r[3] + 1 for r in wanted) and told["ranges"] == len(wanted)
    lines = [(l["tenant"], l["series"], int(l["label"]), int(l["first"]), int(l["last"]), l["fate"], l["cause"],
              int(l["time_ns"] or 0), int(l["event"] or 0), l["reason"]) for l in read_csv(table)]
    same("gaps --csv", lines, wanted)
    print(f"{len(wanted)} gaps")


def wanted_row(counter):
    used = [r for r in counter["ranges"] if r["fate"] not in COMING]
    last = used[-1]["last"] if used else counter["first"] - 1
    row = dict.fromkeys(("net_issued", "void", "unknown", "reserved", "pending", "in_doubt", "open", "spare"), 0)
    row["unused"] = 0
    for r in counter["ranges"]:
        row[COLUMN[r["fate"]] if r["last"] <= last else "unused"] += r["last"] - r["first"] + 1
    row["held"] = row["reserved"] + row["pending"] + row["in_doubt"] + row["open"]
    row["total"] = last - counter["first"] + 1
    row["from"], row["to"] = (counter["first"], last) if used else (None, None)
    return row


def check_report(fate, report, table):
    told, lines = json.load(open(report, encoding="utf-8")), read_csv(table)
    all_counters = counters(fate)
    assert len(told["rows"]) == len(lines) == len(all_counters), "not one row for each counter"
    for counter, row, line in zip(all_counters, told["rows"], lines):
        name = (counter["tenant"], counter["series"], counter["period"])
        assert (row["tenant"], row["series"], row["period"]) == name == (line["tenant"], line["series"], row["period"])
        for key, value in wanted_row(counter).items():
            if row[key] != value or line[key] != ("" if value is None else str(value)):
                sys.exit(f"{name}: {key} is {row[key]} and {line[key]}, wanted {value}")
        # The figures add up, whatever fate says.
        assert row["total"] == row["net_issued"] + row["void"] + row["unknown"] + row["held"] + row["spare"], name
    for key, value in told["sums"].items():
        assert value == sum(row[key] for row in told["rows"]), key
    print(f"{len(lines)} rows")


def main():
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "gaps":
        check_gaps(*rest)
    elif what == "report":
        check_report(*rest)
    elif what == "late":
        late(Library(*rest))
    elif what == "records":
        check_records(*rest)
    elif what == "pending":
        pending(Library(*rest[:3]), int(rest[3]))
    elif what == "hold":
        hold(Library(*rest[:3]), int(rest[3]), int(rest[4]))
    else:
        at_random(Library(*rest[:3]), int(rest[3]))


main()
