#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""figures: what the programs of the suite wrote into a folder, as one table, figure by figure.

    figures.py [--json] [FOLDER [PROGRAM...]]

Only what these programs wrote, if some are named. Ends with 1 if the numbers of a program were wrong, or if nothing is there. A missed figure is
no failure. page.py and picture.py read through here too.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# In the order in which the page has them; what is not named comes behind, by name.
ORDER = ['next', 'instructions', 'names', 'supply', 'store', 'scale', 'peers']


def load(folder):
    """The runs of a folder, by the name of their file, in ORDER."""
    runs = {}
    for entry in os.listdir(folder) if os.path.isdir(folder) else []:
        if entry.endswith('.json'):
            with open(os.path.join(folder, entry), encoding='utf-8') as file:
                run = json.load(file)
            if isinstance(run, dict) and 'figures' in run and run.get('schema_version') == 1:
                runs[entry[:-5]] = run
    key = lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)
    return {name: runs[name] for name in sorted(runs, key=key)}


def causes(path=os.path.join(HERE, 'causes.txt')):
    """Why a figure is missed, by PROGRAM.FIGURE (bench_PROGRAM is the same): lines of that, blanks, and the sentence."""
    known = {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            words = line.strip().split(None, 1)
            if len(words) == 2 and not words[0].startswith('#'):
                known[words[0].removeprefix('bench_')] = words[1]
    return known


def cell(run, name):
    return next((one for one in run.get('cells', []) if one['id'] == name), None)


def unit_of(run, figure):
    """What the reached value is counted in: '' of a ratio."""
    if figure.get('minus') or figure.get('quantity', 'value') != 'value':
        return 'ns'
    if figure.get('over') is None:
        return figure.get('unit') or (cell(run, figure.get('of')) or {}).get('unit', '')
    return ''


def digits(value):
    """A number for people: three digits that count, none rounded away to look better."""
    if value is None:
        return '-'
    size = abs(value)
    return f'{value:.0f}' if size >= 1000 else f'{value:.1f}' if size >= 100 else f'{value:.2f}' if size >= 10 else f'{value:.3f}'


def verdict(run, figure):
    if figure.get('skipped'):
        return 'skipped'
    if not run.get('right', True):
        return 'WRONG NUMBERS'
    if figure.get('asked_as') is None:
        return ''
    return 'met' if figure.get('met') else 'MISSED'


def rows(runs):
    """For each figure: what it is, asked, what was measured (of and over, each in its unit), ratio, spread, verdict."""
    for name, run in runs.items():
        for figure in run['figures']:
            of, over = cell(run, figure.get('of')), cell(run, figure.get('over'))
            sides = [f"{digits(one['median'])} {one.get('unit') or 'ns'}" for one in (of, over) if one and 'median' in one]
            quantity = figure.get('quantity', 'value')
            if quantity != 'value' and figure.get('reached') is not None:
                sides = [f"{digits(figure['reached'])} ns"]
            unit = unit_of(run, figure)
            reached = figure.get('reached')
            yield {
                'key': f"{name}.{figure['id']}",
                'sentence': figure['sentence'],
                'asked': f"{figure['asked_as']} {figure['asked']:g}{'' if not unit else ' ' + unit}" if figure.get('asked_as') else '-',
                'measured': ' / '.join(sides) if sides else '-',
                'reached': digits(reached) + ('' if not unit or reached is None else ' ' + unit),
                'spread': '-' if figure.get('spread') is None else f"{figure['spread'] * 100:.0f} %",
                'verdict': verdict(run, figure),
                'skipped': figure.get('skipped'),
            }


def print_table(runs):
    counts = {}
    print(f"{'figure':<74} {'asked':>12} {'measured':>26} {'ratio':>12} {'spread':>7}")
    for row in rows(runs):
        counts[row['verdict']] = counts.get(row['verdict'], 0) + 1
        tail = f"skipped: {row['skipped']}" if row['skipped'] else row['verdict']
        print(f"{row['sentence'][:74]:<74} {row['asked']:>12} {row['measured']:>26} {row['reached']:>12} {row['spread']:>7}  {tail}")
    wrong = [name for name, run in runs.items() if not run.get('right', True)]
    print(f"\nfigures: {counts.get('met', 0)} met, {counts.get('MISSED', 0)} missed, {counts.get('skipped', 0)} skipped, "
          f"{counts.get('', 0)} shown only" + (f"; WRONG NUMBERS in {', '.join(wrong)}: none of its figures counts" if wrong else ''))


def main(words):
    as_json = '--json' in words
    words = [word for word in words if not word.startswith('-')] or ['build/bench']
    folder, names = words[0], words[1:]
    runs = {name: run for name, run in load(folder).items() if not names or name in names}
    if not runs:
        print(f'figures: no program of the suite has written into {folder}', file=sys.stderr)
        return 1
    if as_json:
        json.dump({'schema_version': 1, 'figures': list(rows(runs)), 'right': all(run.get('right', True) for run in runs.values())},
                  sys.stdout, indent=1)
        print()
    else:
        print_table(runs)
    return 0 if all(run.get('right', True) for run in runs.values()) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
