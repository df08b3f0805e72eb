# SPDX-License-Identifier: MIT
#
# A public header -> for each declaration its text and the comment above it,
# for libdocket(3). A comment counts if the declaration follows it at once; a
# declaration ends with its empty line.
function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/) text = "\\&" text
    return text
}
function flush_decl() {
    if (decl == "") return
    print ".Bd -literal"
    printf "%s", decl
    print ".Ed"
    print ".Pp"
    if (comment != "") printf "%s.Pp\n", comment
    decl = comment = ""
}
/^\/\*/ && !inside {
    flush_decl()
    comment = ""
    inside = 1
    sub(/^\/\*+ ?/, "")
}
inside {
    last = sub(/ *\*\/.*$/, "")
    sub(/^ *\* ?/, "")
    sub(/^ +/, "")
    comment = comment ($0 == "" ? "" : plain($0) "\n")
    if (last) { inside = 0 }
    next
}
/^$/ { flush_decl(); comment = ""; next }
/^#define DOCKET_[A-Z_]+ ./ { decl = decl plain($0) "\n"; next }
/^#|^extern|^}$/ { next }
/^typedef enum docket_status/ { skip = 1 }
skip { if (/^}/) { skip = 0; comment = "" } next }
{ decl = decl plain($0) "\n" }
END { flush_decl() }
