#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""page: writes docs/PERFORMANCE.md whole, from what the programs of the suite wrote.

    page.py [FOLDER [PAGE [CAUSES]]]      build/bench, docs/PERFORMANCE.md, bench/causes.txt

The same files give the same page, byte for byte. A missed figure is printed as missed, with
its cause out of CAUSES, or "not known yet".
"""
import os
import sys

import figures

INTRO = '''# How fast docket is

This page is written by `make bench-page` from one run of `make bench` and `make bench-peers`; nothing in it is written by
hand but the causes of what was missed (`bench/causes.txt`). A figure is the median over the rounds; its spread is
(p90 - p10) / median. A ratio is taken within each round first, both sides measured in it one after the other, and then
likewise. What matters on another machine is the ratios: run it there. docs/decisions/0028 says how the harness measures.
'''

TRAPS = '''## What was watched

- Workers are pinned to processor i mod n, warmed up, and start together. A round in which other programs used more than
  3 % of the machine is run again, at most as often as there are rounds; docketd's own time is said apart.
- Every number that is counted is verified after the clock: docket's own account (`docket fate`) has exactly as many, a sample
  of each cell (the first ones of all workers together, then every 64th batch) lies within it, and no two of it are alike.
  Programs whose numbers are wrong end with 1 and have no figure met.
- Loops and functions begin at 64 bytes, in docket and in the benches; ratios are to a call into the library, not to a loop that
  the compiler can fold.
- Tight loops mislead: a core hands out several numbers for each time that it owns a line. The rows with 61 ns of own work
  between two numbers say what a number adds to a program that does something.
- A store on tmpfs is not durable: the realm lies on a disk, and the rows "store in memory" say what that costs.
- Servers of peers are pinned beside their client, or on the other processor, as each row says: that is a factor of five.
'''


def machine(runs):
    """A sentence of the machine, the compiler and when; of the first run, and of any that differs."""
    seen, lines = set(), []
    for run in runs.values():
        one = run.get('machine')
        if not one:
            continue
        kernel = one.get('kernel', '').split('-')[0]
        text = (f"{one.get('processors')} processors ({one.get('model')}, {one.get('architecture')}), Linux {kernel}, compiled by "
                f"{one.get('compiler')} with `{one.get('flags')}`")
        if text not in seen:
            lines.append(text)
        seen.add(text)
    return lines


def write_runs(runs, out):
    out.append('| program | when (UTC) | rounds | of ms | run again | others used | servers used |\n|---|---|---|---|---|---|---|')
    for name, run in runs.items():
        others, servers = sorted(run.get('others', [])), sorted(run.get('servers', []))
        middle = lambda values: f'{values[len(values) // 2] * 100:.1f} %' if values else '-'
        again = str(run.get('again', '-'))
        if run.get('disturbed'):
            again += f" (the bound; {run['disturbed']} rounds are kept in which others used more than 3 %)"
        out.append(f"| {run.get('program', name)} | {run.get('date', '-')[:16].replace('T', ' ')} | {run.get('rounds', '-')} | "
                   f"{run.get('milliseconds', '-')} | {again} | {middle(others)} | {middle(servers)} |")
    out.append('')


def write_figures(runs, causes, out):
    rows = list(figures.rows(runs))
    asked = [row for row in rows if row['asked'] != '-']
    missed = [row for row in asked if row['verdict'] in ('MISSED', 'WRONG NUMBERS')]
    skipped = [row for row in rows if row['skipped']]
    met = sum(row['verdict'] == 'met' for row in asked)
    out.append(f'## Figures\n\n{len(asked)} are asked: {met} met, {len(missed)} missed, '
               f'{len(asked) - met - len(missed)} skipped.\n')
    out.append('| figure | asked | measured | reached | spread | |\n|---|---|---|---|---|---|')
    for row in rows:
        verdict = '**MISSED**' if row['verdict'] == 'MISSED' else f"**{row['verdict']}**" if row['verdict'].isupper() else row['verdict']
        out.append(f"| {row['sentence']} | {row['asked']} | {row['measured']} | {row['reached']} | {row['spread']} | {verdict} |")
    out.append('')
    if missed:
        out.append('### Missed\n')
        for row in missed:
            out.append(f"- {row['sentence']}: asked {row['asked']}, reached {row['reached']} (spread {row['spread']}); "
                       f"cause: {causes.get(row['key'], 'not known yet')}")
        out.append('')
    if skipped:
        out.append('### Skipped\n')
        out.extend(f"- {row['sentence']}: {row['skipped']}" for row in skipped)
        out.append('')


def write_cells(name, run, out):
    cells = [one for one in run.get('cells', []) if one.get('skipped') is None]
    if not cells:
        return
    names = {one['id']: one['name'].strip() for one in cells}
    out.append(f"## {run.get('title', name)}\n\n| | workers | each | a second | spread | ratio | to |\n|---|---|---|---|---|---|---|")
    for one in cells:
        unit, median = one.get('unit') or 'ns', one['median']
        rate = f'{1e9 / median:,.0f}' if unit.startswith('ns') and median > 0 else ''
        ratio = f"{figures.digits(one['ratio'])} ({one['ratio_spread'] * 100:.0f} %)" if 'ratio' in one else ''
        wrong = '' if one.get('right', True) else ' **WRONG NUMBERS**'
        out.append(f"| {one['name'].strip()}{wrong} | {one.get('workers', '')} | {figures.digits(median)} {unit} | {rate} | "
                   f"{one['spread'] * 100:.0f} % | {ratio} | {names.get(one.get('base'), '') if ratio else ''} |")
    out.append('')
    timed = [one for one in cells if 'latency' in one]
    if timed:
        out.append(f"Single calls, in ns; a bare pair of clocks ({run.get('pair', 'clock')}) costs {figures.digits(run.get('pair_ns'))}, "
                   'and is included:\n\n| | p50 | p99 | p99.9 | max |\n|---|---|---|---|---|')
        for one in timed:
            latency = one['latency']
            out.append(f"| {one['name'].strip()} | " + ' | '.join(f'{latency[key]:,.0f}' for key in ('p50', 'p99', 'p999', 'max')) + ' |')
        out.append('')
    for one in run.get('cells', []):
        if one.get('skipped'):
            out.append(f"skipped: {one['name'].strip()}: {one['skipped']}\n")


def page(runs, causes, pictures):
    out = [INTRO]
    out.extend(f'Measured on {line}.\n' for line in machine(runs))
    if 'numbers.svg' in pictures:
        out.append('![Numbers a second of one caller, docket and its peers](images/numbers.svg)\n')
    write_runs(runs, out)
    write_figures(runs, causes, out)
    out.append(TRAPS)
    for name, run in runs.items():
        write_cells(name, run, out)
        if name == 'next':
            out.extend(f'![{what}](images/{file})\n' for file, what in
                       (('scaling.svg', 'Numbers a second of 1 to 16 processes'), ('latency.svg', 'Share of calls that took longer'))
                       if file in pictures)
    return '\n'.join(out).rstrip('\n') + '\n'


def main(words):
    folder, path, known = (words + ['build/bench', 'docs/PERFORMANCE.md', os.path.join(figures.HERE, 'causes.txt')][len(words):])[:3]
    runs = figures.load(folder)
    if not runs:
        print(f'page: no program of the suite has written into {folder}: make bench', file=sys.stderr)
        return 1
    images = os.path.join(os.path.dirname(path) or '.', 'images')
    pictures = os.listdir(images) if os.path.isdir(images) else []
    with open(path, 'w', encoding='utf-8') as file:
        file.write(page(runs, figures.causes(known), pictures))
    print(f"page: {path}, of {', '.join(runs)}")
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
