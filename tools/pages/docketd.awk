# SPDX-License-Identifier: MIT
#
# docketd --help -> the list of its options, for docketd(8).
function plain(text) { gsub(/\\/, "\\e", text); gsub(/-/, "\\-", text); return text }
BEGIN { print ".Bl -tag -width Ds" }
/^  --/ {
    line = substr($0, 3)
    gap = match(line, /  +/)
    flags = gap ? substr(line, 1, gap - 1) : line
    text = gap ? substr(line, gap + RLENGTH) : ""
    out = ".It"
    count = split(flags, words, " ")
    for (i = 1; i <= count; i++) {
        word = words[i]
        comma = sub(/,$/, "", word) ? " ," : ""
        out = out (word ~ /^--/ ? " Fl \\-" plain(substr(word, 3)) : " Ar \"\\&" plain(word) "\"") comma
    }
    print out
    if (text != "") print plain(text)
    inside = 1
    next
}
inside && /^        / { sub(/^ +/, ""); print plain($0); next }
{ inside = 0 }
END { print ".El" }
