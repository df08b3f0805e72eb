# SPDX-License-Identifier: MIT
"""Invoices with planted duplicates for tests/process/fix.sh, and another implementation of what a plan must say.

    make FILE ROWS SEED        a CSV of tenant,number,date,id
    shuffle FROM TO SEED       the same rows in another order
    judge CSV PLAN             is the plan what the rule says? one line for each thing that is not
    rename CSV CHANGES TO      the CSV after `docket fix apply --csv`
    sqlite CSV DATABASE        into a table invoices
    script DATABASE SQL        runs it as a careless client does: on and on, whatever fails
    dump DATABASE TO           the table as CSV, by id
    twice CSV                  how many rows are of a group of duplicates
"""
import csv
import random
import sqlite3
import sys

HEADS = ['tenant', 'number', 'date', 'id']


def read(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def write(path, rows):
    with open(path, 'w', newline='') as file:
        out = csv.DictWriter(file, HEADS, extrasaction='ignore', lineterminator='\n')
        out.writeheader()
        out.writerows(rows)


def fold(text):
    return text.encode().upper().decode() if text.isascii() else text


def make(path, count, seed):
    """Numbers rise by date; one row in forty repeats an earlier number, in capitals or not, or is no number at all."""
    dice = random.Random(int(seed))
    rows, last = [], {}
    for i in range(int(count)):
        tenant, day = dice.choice(['acme', 'globex']), 1 + i * 700 // int(count)
        year, day = 2024 + day // 360, day % 360
        date = f'{year}-{1 + day // 30:02}-{1 + day % 28:02}'
        last[tenant, year] = last.get((tenant, year), 0) + 1
        number = f'INV-{year}-{last[tenant, year]:06}'
        die = dice.random()
        mine = [row for row in rows[-400:] if row['tenant'] == tenant]
        if die < 0.015 and mine:
            number = dice.choice(mine)['number']
        elif die < 0.025 and mine:
            number = dice.choice(mine)['number'].lower()
        elif die < 0.03:
            number = f"R \"{dice.randrange(30)}\", o'k\\n"
        rows.append({'tenant': tenant, 'number': number, 'date': date, 'id': str(i + 1)})
    write(path, rows)


def shuffle(source, to, seed):
    rows = read(source)
    random.Random(int(seed)).shuffle(rows)
    write(to, rows)


def groups_of(rows):
    groups = {}
    for row in rows:
        groups.setdefault((row['tenant'], fold(row['number'])), []).append(row)
    return {key: sorted(group, key=lambda row: (row['date'], int(row['id']))) for key, group in groups.items() if len(group) > 1}


def year_of(number):
    parts = number.split('-')
    fits = len(parts) == 3 and parts[0] == 'INV' and len(parts[1]) == 4 and parts[1].isdigit() and parts[2].isdigit()
    return (int(parts[1]), int(parts[2])) if fits and len(parts[2]) >= 6 else None


def expected(rows):
    """{id: new number}, and the ids that keep theirs."""
    highest, there, to_number, to_suffix, new, keep = {}, set(), [], [], {}, set()
    for row in rows:
        there.add((row['tenant'], fold(row['number'])))
        fit = year_of(row['number'])
        if fit:
            highest[row['tenant'], fit[0]] = max(fit[1], highest.get((row['tenant'], fit[0]), 0))
    for key in sorted(groups_of(rows)):
        group = groups_of_rows[key]
        keep.add(group[0]['id'])
        year = next((year_of(row['number'])[0] for row in group if year_of(row['number'])), None)
        for row in group[1:]:
            (to_number if year else to_suffix).append((row, year))
    for row, year in sorted(to_number, key=lambda pair: (pair[0]['tenant'], pair[1], pair[0]['date'], int(pair[0]['id']))):
        highest[row['tenant'], year] += 1
        while (row['tenant'], f"INV-{year}-{highest[row['tenant'], year]:06}") in there:
            highest[row['tenant'], year] += 1
        new[row['id']] = f"INV-{year}-{highest[row['tenant'], year]:06}"
    for row, _ in to_suffix:
        at = 2
        while (row['tenant'], fold(f"{row['number']}-{at}")) in there:
            at += 1
        new[row['id']] = f"{row['number']}-{at}"
        there.add((row['tenant'], fold(new[row['id']])))
    return new, keep


groups_of_rows = {}


def judge(source, path):
    rows, bad = read(source), 0
    groups_of_rows.update(groups_of(rows))
    new, keep = expected(rows)
    with open(path, newline='') as file:
        lines = [line for line in csv.reader(file) if line and not line[0].startswith('#')]
    said = [dict(zip(lines[0], line)) for line in lines[1:]]
    said_new = {row['id']: row['new'] for row in said if row['do'] == 'renumber'}
    said_keep = {row['id'] for row in said if row['do'] == 'keep'}
    for id in sorted(set(new) | set(said_new), key=int):
        if new.get(id) != said_new.get(id):
            print(f'id {id}: the plan says {said_new.get(id)}, the rule {new.get(id)}')
            bad += 1
    if keep != said_keep:
        print(f'kept otherwise: {sorted(keep ^ said_keep)}')
        bad += 1
    print(f'{len(new)} rows get a new number, {len(keep)} keep theirs')
    sys.exit(1 if bad or len(new) < 20 else 0)


def rename(source, changes, to):
    new = {(row['id'], row['tenant'], row['old']): row['new'] for row in read(changes)}
    rows = read(source)
    for row in rows:
        row['number'] = new.pop((row['id'], row['tenant'], row['number']), row['number'])
    write(to, rows)
    sys.exit(1 if new else 0)


def sqlite(source, path):
    with sqlite3.connect(path) as base:
        base.execute('CREATE TABLE invoices (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, number TEXT NOT NULL, date TEXT)')
        base.executemany('INSERT INTO invoices (tenant, number, date, id) VALUES (:tenant, :number, :date, :id)', read(source))


def script(path, sql):
    base = sqlite3.connect(path, isolation_level=None)
    failed, statement = 0, ''
    for line in open(sql, newline=''):
        statement += line
        if not sqlite3.complete_statement(statement):
            continue
        try:
            base.execute(statement)
        except sqlite3.Error:
            failed += 1
        statement = ''
    print(f'{failed} statements failed')
    sys.exit(1 if failed else 0)


def dump(path, to):
    base = sqlite3.connect(path)
    base.row_factory = sqlite3.Row
    write(to, [dict(row) for row in base.execute('SELECT tenant, number, date, id FROM invoices ORDER BY id')])


def twice(source):
    print(sum(len(group) for group in groups_of(read(source)).values()))


if __name__ == '__main__':
    globals()[sys.argv[1]](*sys.argv[2:])
