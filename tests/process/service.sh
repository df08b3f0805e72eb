#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/INSTALL.md, line by line, under a systemd of its own (see boot.sh): the
# lines with # as root, those with $ as a user that is nobody in particular.
# Between them we look whether what the page says has come true; and then at
# what a service must stand: kills, a stop in order, a reboot.
#
# seconds: 25 25
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/installed.sh
. "$here/installed.sh"

new_work
cgroup=''
# When the last process in it is gone.
at_cleanup() {
    [ -z "$cgroup" ] || wait_until 10 cgroup_is_gone || true
}
cgroup_is_gone() {
    find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    [ ! -d "$cgroup" ]
}
give_up() {
    skip "docs/INSTALL.md under systemd: $1"
    finish
}

# ---- boot ----

[ "$(id -u)" = 0 ] || give_up "needs root"
[ -x /lib/systemd/systemd ] || give_up "no systemd here (package systemd)"
hierarchy=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
[ -n "$hierarchy" ] || give_up "no cgroup2 here"
cgroup=$hierarchy/docket-walk.$$
mkdir "$cgroup" 2>"$work/boot.log" || give_up "no control group can be made"
mkdir "$work/mounts"
in_cgroup() {
    echo "$BASHPID" >"$cgroup/cgroup.procs" || exit 1
    exec unshare --mount --pid --fork --kill-child=SIGKILL --ipc --uts --net --cgroup -- \
        "$here/boot.sh" "$top" "$work/mounts"
}
run_child "$work/boot.log" in_cgroup
outer=$child

find_init() {
    init=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null)
    init=${init%% *}
    [ -n "$init" ] && [ "$(cat "/proc/$init/comm" 2>/dev/null)" = systemd ] || ! is_running "$outer"
}
wait_until 20 find_init || true
is_running "$outer" || give_up "it does not boot: $(tail -n 1 "$work/boot.log")"

inside() {
    nsenter --target "$init" --all -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root VARIANT="$(basename "$BUILD")" "$@"
}
is_up() {
    inside systemctl is-active walk.target >/dev/null 2>&1
}
wait_until 60 is_up || { fail "systemd boots" "$work/boot.log"; finish; }

# ---- the lines of the page ----

inside mkdir -p /home/you
inside chown 12345:12345 /home/you
inside bash -c "echo 'cd $top' >/home/you/.where; chown 12345:12345 /home/you/.where; cp /home/you/.where /root/.where"

# The folder and the environment go on from line to line, as in one terminal.
terminal='. $HOME/.where; eval "$1"; code=$?; { export -p; printf "cd %q\n" "$PWD"; } >$HOME/.where; exit $code'
as_root() {
    # Root is in the folder where the user is.
    local where
    # make runs in the source tree; everything else in the folder where the user is.
    where='grep "^cd " /home/you/.where | tail -n 1 >$HOME/.where; . $HOME/.where'
    [[ $1 != make* ]] || where="cd $top"
    inside bash -c "$where; eval \"\$1\"" root "$1"
}
as_user() {
    inside setpriv --reuid 12345 --regid 12345 --clear-groups -- env HOME=/home/you bash -c "$terminal" user "$1"
}

# Every fenced block of the page, a command to a record: prompt, text, and what
# goes on below it without a prompt (a file that is written in place).
commands() {
    awk '/^```sh$/ {on = 1; next}
        /^```/ {if (text != "") printf "%s%c", text, 0; text = ""; on = 0; next}
        /^#+ [0-9]/ && !on {printf "%s%c", "section " $2, 0}
        !on {next}
        /^[$#] / {if (text != "") printf "%s%c", text, 0; text = $0; next}
        {text = text "\n" $0}' "$top/docs/INSTALL.md"
}

line() {
    local said
    # Who made the tree builds it.
    if [[ $1 == '# '* || $1 == '$ make'* ]]; then
        said=$(as_root "${1#[#$] }" 2>&1) || { echo "$said"; return 1; }
    else
        said=$(as_user "${1#\$ }" 2>&1) || { echo "$said"; return 1; }
    fi
    printf '%s\n' "$said" >"$work/said"
}

shows() {
    inside systemctl show "$1" --property "$2" --value
}
is() {
    [ "$(shows "$1" "$2")" = "$3" ] || { echo "$1: $2 is $(shows "$1" "$2"), wanted $3"; return 1; }
}
said() {
    grep -qE -- "$1" "$work/said" || { cat "$work/said"; return 1; }
}

# What must be true behind a line, by the line's beginning.
look_behind() {
    case $1 in
    '# make install PREFIX'*)
        # The tests want to read docketd's log.
        inside bash -c 'mkdir -p /run/systemd/system/docketd.service.d
            printf "[Service]\nStandardError=append:/var/log/docketd.log\n" >/run/systemd/system/docketd.service.d/log.conf'
        check "the page: the manual pages are found" inside man -w 1 docket-next docket-fate
        ;;
    '$ docket fate acme/INV')
        as_user 'kill $(docket status --json | sed -n "s/.*\"pid\":\([0-9]*\),.*/\1/p")'
        ;;
    '# systemctl enable --now docketd.socket')
        check "the page, the socket is enabled: it listens" is docketd.socket SubState listening
        check "the page, the socket is enabled: docketd does not run yet" is docketd.service ActiveState inactive
        ;;
    '$ docket next acme/INV')
        [ "$section" != 3. ] || {
            check "the page, the first call: prints number 1" said '^INV-[0-9]{8}-000001$'
            check "the page, the first call: has started docketd" is docketd.service ActiveState active
        }
        ;;
    '$ ./worker'*) check "the page, the worker: prints its numbers" said '^INV-[0-9]{8}-000004$' ;;
    '# systemctl start invoices'*)
        check "the page, the worker's unit: ends well" wait_until 20 inside bash -c \
            'systemctl show invoices.service -p Result -p SubState --value | tr "\n" " " | grep -q "success dead\|dead success"'
        ;;
    esac
}

main_pid() { shows docketd.service MainPID; }
confined() {
    local status
    [ "$(main_pid)" -gt 0 ] || return 1
    status=$(inside cat "/proc/$(main_pid)/status")
    grep -qE '^NoNewPrivs:\s1$' <<<"$status" && grep -qE '^CapEff:\s0000000000000000$' <<<"$status" &&
        grep -qE '^CapBnd:\s0000000000000000$' <<<"$status" && grep -qE '^Seccomp:\s2$' <<<"$status" &&
        [ "$(awk '$1 == "Uid:" {print $2}' <<<"$status")" = "$(inside id -u docket)" ] || { echo "$status"; return 1; }
}
next_is() {
    line '$ docket next acme/INV' && said "^INV-[0-9]{8}-0*$1\$"
}
another_pid() {
    local pid
    pid=$(main_pid)
    [ "$pid" != 0 ] && [ "$pid" != "$1" ]
}
comes_back() {
    local pid
    pid=$(main_pid)
    [ "$pid" -gt 0 ] || return 1
    inside kill -KILL "$pid"
    wait_until 20 another_pid "$pid"
}
# A worker's unit notes, while it is being stopped, whether docketd serves. All are
# stopped by one transaction, as at a shutdown.
stops_first() {
    inside bash -c 'cat >/run/systemd/system/ordered.service <<END
[Unit]
After=docketd.service docketd.socket
[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sh -c "sleep 1; docket status --realm /var/lib/docket >/run/ordered 2>&1; echo code \$\$? >>/run/ordered"
END
printf "[Unit]\nConflicts=ordered.service docketd.service docketd.socket\nAfter=ordered.service docketd.service docketd.socket\n" >/run/systemd/system/down.target
systemctl daemon-reload && systemctl start ordered.service docketd.service &&
systemctl start down.target && cat /run/ordered && grep -qx "code 0" /run/ordered' || return 1
    is docketd.service ActiveState inactive
}
without_unknown() {
    # What a reboot takes: everything in /run.
    inside bash -c 'rm -rf /run/docket && systemd-tmpfiles --create docket.conf && systemctl start docketd.socket' || return 1
    line '$ docket fate --all' || return 1
    ! grep unknown "$work/said"
}
# A configuration that cannot be used: the call is refused in its time, systemd
# gives up, and what the page says brings all of it back.
gives_up() {
    local code=0
    inside bash -c 'systemctl stop docketd.service && cp -p /var/lib/docket/docket.conf /run/ &&
        echo "[nonsense]" >>/var/lib/docket/docket.conf'
    line '$ docket next acme/INV' >"$work/refused" || code=$?
    # systemd may have given up, and taken its socket away, before the call ends.
    [ "$code" != 0 ] && grep -qE 'systemctl status docketd|its owner, uid [0-9]+, must start it' "$work/refused" ||
        { cat "$work/refused"; return 1; }
    wait_until 30 is docketd.socket ActiveState failed >"$work/waiting" || { tail -n 1 "$work/waiting"; return 1; }
    inside cat /var/log/docketd.log | tail -n 1 | grep -F 'unknown section [nonsense]'
}
starts_again() {
    inside cp -p /run/docket.conf /var/lib/docket/docket.conf
    # systemd counts the last two seconds' starts still; a person is slower than we are.
    wait_until 20 as_the_page_says >"$work/tries" || { tail -n 5 "$work/tries" "$work/boot.log"; return 1; }
    said "^INV-[0-9]{8}-0*$1\$"
}
as_the_page_says() {
    line '# systemctl reset-failed docketd.service docketd.socket' &&
        line '# systemctl restart docketd.socket' && line '$ docket next acme/INV'
}
log_is_clean() {
    ! inside grep -iE 'error|warning|refus' /var/log/docketd.log
}

before_the_end() {
    check "the socket was restarted: the next number follows" next_is 8
    check "docketd under systemd: has no capability, a filter, and docket's uid" confined
    check "docketd under systemd: the manager knows that it is ready" is docketd.service StatusText serving
    check "docketd is killed: systemd starts it again" comes_back
    check "docketd was killed: the next number follows" next_is 9
    check "workers After=docketd.service: are stopped while docketd still serves" stops_first
    check "stopped in order and rebooted: no number is unknown" without_unknown
    check "stopped in order and rebooted: the next number follows" next_is 10
    check "docketd's log: no error and no warning" log_is_clean
    check "the configuration is broken: a call is refused, and systemd gives up" gives_up
    note "why it gave up: $(shows docketd.socket Result)"
    check "the configuration is mended: what the page says brings docketd back" starts_again 11
}

section='' count=0
while IFS= read -r -d '' text; do
    if [[ $text == 'section '* ]]; then
        section=${text#section }
        [ "$section" != 8. ] || before_the_end
        continue
    fi
    check "the page, section $section ${text%%$'\n'*}" line "$text"
    look_behind "$text"
    count=$((count + 1))
done < <(commands)
check "the page: had its lines ($count)" test "$count" -ge 20
nothing_is_left() {
    local left
    left=$(inside find /usr /etc -maxdepth 4 -name '*docket*' ! -type d ! -path "$top/*")
    [ -z "$left" ] || { echo "$left"; return 1; }
}
check "the page, at its end: no file of docket is left in /usr and /etc" nothing_is_left
check "the page, at its end: the realm stays" inside test -d /var/lib/docket/store

finish
