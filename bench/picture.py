#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""picture: numbers a second of one caller, docket and its peers, as horizontal bars on a
logarithmic scale: the README's picture.

    picture.py [FOLDER [FILE]]      build/bench, docs/images/numbers.svg

Reads peers.json, which make bench-peers writes: all bars are of that one run. Its colours
follow the reader's theme.
"""
import html
import math
import sys

import figures

# Cells of bench_peers: what a reader knows them by. Bars are in order of speed.
BARS = (
    ('docket_leased_never_restarting_1p', 'docket, leased'),
    ('docket_leased_restarting_yearly_1p', 'docket, leased, yearly'),
    ('docket_strict_never_restarting_1p', 'docket, strict'),
    ('docket_a_ledger_a_record_each_1p', 'docket, a durable record each'),
    ('robust_mutex_in_shared_memory_1p', 'counter under a robust mutex'),
    ('berkeley_db_cache_1000_nosync_1p', 'Berkeley DB, cache 1000, no sync'),
    ('berkeley_db_cache_1000_synced_1p', 'Berkeley DB, cache 1000'),
    ('postgresql_nextval_cache_1_same_1p', 'PostgreSQL nextval'),
    ('postgresql_update_synced_same_1p', 'PostgreSQL UPDATE ... RETURNING'),
    ('redis_incr_everysec_same_1p', 'Redis INCR, everysec'),
    ('redis_incr_always_same_1p', 'Redis INCR, always'),
    ('sqlite_wal_synchronous_full_1p', 'SQLite, one row'),
    ('lmdb_transaction_synced_1p', 'LMDB, one value'),
    ('file_under_flock_fdatasync_1p', 'file under flock, fdatasync'),
)
STYLE = '''text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#24292f}
.small{font-size:11px;fill:#57606a}.title{font-size:15px;font-weight:600}
.grid{stroke:#d0d7de;stroke-width:1}.docket{fill:#1f6feb}.peer{fill:#8c959f}.volatile{fill-opacity:.45}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#30363d}.docket{fill:#4493f8}.peer{fill:#7d8590}}'''
LEFT, RIGHT, TOP, STEP, BAR, WIDTH = 256, 70, 56, 24, 15, 760


def short(rate):
    for size, name in ((1e9, ' G'), (1e6, ' M'), (1e3, ' k')):
        if rate >= size:
            return f'{rate / size:.3g}{name}'
    return f'{rate:.3g}'


def bars_of(run):
    bars = []
    for name, label in BARS:
        one = figures.cell(run, name)
        if one and 'median' in one and one['median'] > 0 and one.get('right', True):
            durable = not one['name'].endswith('not durable')
            bars.append((1e9 / one['median'], label, 'docket' if name.startswith('docket') else 'peer', durable))
    return sorted(bars, key=lambda bar: (-bar[0], bar[1]))


def draw(bars):
    low, high = math.floor(math.log10(bars[-1][0])), math.ceil(math.log10(bars[0][0]))
    scale = (WIDTH - LEFT - RIGHT) / max(high - low, 1)
    bottom = TOP + STEP * len(bars)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 60}" role="img" '
           f'aria-label="Numbers a second of one caller: docket and its peers">', f'<style>{STYLE}</style>',
           f'<text class="title" x="12" y="24">Numbers a second, one caller (logarithmic)</text>']
    for power in range(low, high + 1):
        x = LEFT + (power - low) * scale
        out.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{bottom}"/>')
        out.append(f'<text class="small" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{short(10 ** power)}</text>')
    for at, (rate, label, kind, durable) in enumerate(bars):
        y = TOP + at * STEP
        length = (math.log10(rate) - low) * scale
        out.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{html.escape(label)}</text>')
        out.append(f'<rect class="{kind}{"" if durable else " volatile"}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>')
        out.append(f'<text class="small" x="{LEFT + length + 6:.1f}" y="{y + 12}">{short(rate)}</text>')
    for line, words in enumerate(('Pale: not durable, what was given may be given again after a power loss. All others: never.',
                                  'Servers on the caller\'s processor. Machine, commands and spreads: docs/PERFORMANCE.md')):
        out.append(f'<text class="small" x="12" y="{bottom + 36 + 15 * line}">{words}</text>')
    return '\n'.join(out) + '\n</svg>\n'


def main(words):
    folder, path = (words + ['build/bench', 'docs/images/numbers.svg'][len(words):])[:2]
    run = figures.load(folder).get('peers')
    bars = bars_of(run) if run and run.get('right', True) else []
    if not bars:
        print(f'skipped: {path}: {folder}/peers.json is not there, or its numbers were wrong: make bench-peers')
        return 0
    with open(path, 'w', encoding='utf-8') as file:
        file.write(draw(bars))
    print(f'picture: {path}, {len(bars)} bars')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
