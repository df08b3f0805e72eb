#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions of each hot path, out of callgrind's dumps, held against their bounds.

    count.py FOLDER BOUNDS CALLS

CALLS is what docket-instructions printed ("PATH CALLS" a line), FOLDER has its dumps, BOUNDS
says "PATH INSTRUCTIONS CALLS-OUT". Counted is what ran in libdocket.so's own
functions and its PLT; what they call elsewhere (libc) is only counted as a call, and
what ran there is shown. The harness's loop is in another object, and not in it.
A path above a bound fails, one without bounds or without counts too; one far below its
bound says so. Exit 0, or 1.
"""
import collections
import glob
import re
import sys

FAR = 0.15  # of the bound, and at least two instructions


def read(path):
    """name of the run; instructions by object; calls from libdocket to other objects"""
    name, cost, out = None, collections.Counter(), 0
    objects, ob, cob = {}, None, None

    def named(text):
        number, _, rest = text.partition(" ")
        if rest:
            objects[number] = rest
        return objects[number]

    skip = False
    for line in open(path):
        if line.startswith("desc: Trigger: Client Request: "):
            name = line.split(": ", 3)[3].strip()
        elif line.startswith("ob="):
            ob = named(line[3:].strip())
        elif line.startswith("cob="):
            cob = named(line[4:].strip())
        elif line.startswith("calls="):
            if "libdocket" in (ob or "") and cob and "libdocket" not in cob:
                out += int(line[6:].split()[0])
            cob, skip = None, True
        elif re.match(r"[+*\-0-9]", line):
            if not skip:
                cost[ob] += int(line.split()[1])
            skip = False
    return name, cost, out


def main():
    folder, bounds_file, calls_file = sys.argv[1:4]
    calls = dict(line.split() for line in open(calls_file))
    bounds = {}
    for line in open(bounds_file):
        if line.strip() and not line.startswith("#"):
            path, instructions, outside = line.split()[:3]
            bounds[path] = float(instructions), float(outside)
    runs = collections.defaultdict(list)
    for file in glob.glob(folder + "/callgrind.out.*"):
        name, cost, out = read(file)
        if name in calls:
            count = int(calls[name])
            own = sum(n for ob, n in cost.items() if "libdocket" in ob)
            else_ = sum(n for ob, n in cost.items() if "libdocket" not in ob and "docket-instructions" not in ob)
            runs[name].append((own / count, out / count, else_ / count))
    bad, names = 0, list(bounds) + [p for p in calls if p not in bounds]
    print("%-22s %10s %8s %10s %8s %12s" % ("path", "counted", "bound", "calls out", "bound", "libc, shown"))
    for path in names:
        if path not in runs:
            print("%-22s FAIL: nothing was counted of it" % path)
            bad += 1
            continue
        own, out, else_ = min(runs[path])
        most, most_out = bounds.get(path, (0, 0))
        verdict = "ok"
        if path not in bounds:
            verdict = "FAIL: it has no bound"
        elif own > most:
            verdict = "FAIL: above its bound"
        elif out > most_out:
            verdict = "FAIL: more calls out than its bound"
        elif most - own > max(2, FAR * most) or out + 1 <= most_out:
            verdict = "ok; lower the bound"
        bad += verdict.startswith("FAIL")
        print("%-22s %10.3f %8g %10.3f %8g %12.3f  %s" % (path, own, most, out, most_out, else_, verdict))
    print("%d passed, %d failed, 0 skipped" % (len(names) - bad, bad))
    return bad != 0


sys.exit(main())
