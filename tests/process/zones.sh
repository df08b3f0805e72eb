#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Zones: period, edges and text of (zone, instant, policy), to the second, as an
# independent oracle has them (zone_cases.py: python3's zoneinfo); and what is no
# zone is refused with a sentence.
# seconds: 2 20
. "$(dirname "$0")/lib.sh"

new_work
zones=$(binary docket-zones)
cases=$(scale 500 10000)

python3 "$(dirname "$0")/zone_cases.py" "$cases" "$SEED" >"$work/cases"
note "$cases cases, seed $SEED"

all_agree() {
    "$zones" <"$work/cases" >"$work/differ" || { head -n 20 "$work/differ"; return 1; }
    grep -qx "$cases cases, 0 differ" "$work/differ"
}
check "at least 400 cases of (zone, instant, policy): period, its edges and the text are the oracle's" all_agree

# refused NAME WORDS: no zone, and the sentence has the words
refused() {
    local said
    ! said=$("$zones" --name "$1") || { echo "$said was taken"; return 1; }
    grep -qF -- "$2" <<<"$said" || { echo "$said"; return 1; }
}
check "an unknown zone: refused, with a name that would do" refused Europe/Wien "there is no zone \"Europe/Wien\""
check "a part of the world: no zone" refused Europe "there is no zone \"Europe\""
for name in ../../etc/passwd /etc/localtime Europe/../Europe/Vienna "EST5EDT,M3.2.0,M11.1.0" +02:00 "" "Europe/Vienna " \
    right/Europe/Vienna posix/Europe/Vienna localtime zone.tab Europe//Vienna ":UTC" "Europe/Vienna/"; do
    check "\"$name\": refused before anything is opened" refused "$name" "is no zone"
done
# Files of the database that are no zones, and one that is cut.
mkdir "$work/tz"
database=${TZDIR:-/usr/share/zoneinfo}
head -c 100 "$database/Europe/Vienna" >"$work/tz/Cut"
head -c 4000 /dev/zero >"$work/tz/Zeros"
mkfifo "$work/tz/Pipe"
export TZDIR=$work/tz
check "a zone's file that is cut: refused" refused Cut "is damaged"
check "a file of zeros: refused" refused Zeros "is damaged"
check "a pipe in its place: refused, and nobody waits" timeout 5 "$zones" --name UTC
check "a pipe in its place: refused" refused Pipe "there is no zone"
check "UTC needs no database" "$zones" --name UTC
TZDIR=$work/none
check "without a zone database: the package's name" refused Europe/Vienna "install the package tzdata"
unset TZDIR
finish
