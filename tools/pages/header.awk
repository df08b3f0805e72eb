# SPDX-License-Identifier: MIT
#
# A public header -> for each declaration its text and the comment above it, for
# libdocket(3). A comment counts if the declaration follows it at once; a
# declaration ends with its empty line. The comment above the include guard
# comes first, where -v opening=1 asks for it. In comments an empty line is a
# paragraph, a line that begins with "- " too, and indented lines are code.
function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/) text = "\\&" text
    return text
}
function end_code() { if (code) comment = comment ".Ed\n"; code = 0 }
function add(line) {
    if (line ~ /^    /) {
        if (!code) comment = comment ".Bd -literal -offset indent\n"
        code = 1
        comment = comment plain(substr(line, 5)) "\n"
        return
    }
    end_code()
    sub(/^ +/, "", line)
    if (line == "") gap = comment != ""
    else {
        if (gap || line ~ /^- /) comment = comment (comment == "" ? "" : ".Pp\n")
        gap = 0
        comment = comment plain(line) "\n"
    }
}
function flush_decl() {
    if (decl == "") return
    print ".Bd -literal"
    printf "%s", decl
    print ".Ed"
    if (comment != "") printf ".Pp\n%s", comment
    print ".Pp"
    decl = comment = ""
}
/^\/\*/ && !inside {
    flush_decl()
    comment = ""
    gap = code = 0
    inside = 1
    sub(/^\/\*+/, "")
    sub(/^ /, "")
    # a comment that begins on its first line goes on with 3 spaces
}
inside {
    last = sub(/ *\*\/.*$/, "")
    sub(/^ \* ?/, "")
    if ($0 ~ /^ +[^ ]/ && $0 !~ /^    /) sub(/^ +/, "")
    add($0)
    if (last) { inside = 0; end_code() }
    next
}
/^#ifndef DOCKET_/ {
    sub(/^[a-z_]+: /, "", comment)
    if (opening && comment != "") printf "%s.Pp\n", comment
    comment = ""
    next
}
/^$/ { flush_decl(); comment = ""; next }
/^#define DOCKET_[A-Z_]+ ./ { decl = decl plain($0) "\n"; next }
/^#|^extern|^}$/ { next }
/^typedef enum docket_status/ { skip = 1 }
skip { if (/^}/) { skip = 0; comment = "" } next }
{ decl = decl plain($0) "\n" }
END { flush_decl() }
