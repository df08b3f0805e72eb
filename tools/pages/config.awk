# SPDX-License-Identifier: MIT
#
# docketd --help-config -> the list of keys, for docket.conf(5). A key is three
# lines: "# NAME", "#   meaning" (one or more), "# NAME = DEFAULT". What stands
# behind the last key (tenants, desks) is shown as it is.
function plain(text) { gsub(/\\/, "\\e", text); gsub(/-/, "\\-", text); return text }
function close_list() { if (open) print ".El"; open = 0 }
/^\[/ { close_list(); print ".Ss " plain($0); print ".Bl -tag -width Ds"; open = 1; next }
/^# \[/ && !literal { close_list(); print ".Ss [tenant NAME], [desk NAME]"; print ".Bd -literal"; literal = 1 }
literal { print plain($0); next }
/^# [a-z_-]+$/ { name = $2; meaning = ""; next }
/^#   / { sub(/^# +/, ""); meaning = meaning (meaning == "" ? "" : " ") $0; next }
/^# [a-z_-]+ = / && $2 == name {
    value = $0
    sub(/^# [a-z_-]+ = /, "", value)
    if (value ~ /^\(.*\)$/) value = substr(value, 2, length(value) - 2)
    print ".It Ic " name " Pq default: Li \"\\&" plain(value) "\""
    print plain(meaning) "."
    next
}
END { close_list(); if (literal) print ".Ed" }
