#!/bin/sh
# SPDX-License-Identifier: MIT
#
# witness_elsewhere: a witness command that keeps the witness in a folder of another machine (mounted, or reached with a
# tool of your own in place of cat and mv): witness_command = /usr/local/sbin/witness_elsewhere.sh in docket.conf.
#
#   get ID    prints what was kept for the store, or nothing; exit code 0. Anything else: it cannot be asked
#   put ID    keeps what comes on stdin; exit code 0 only once it is durable there. An empty text: forget it
#
# Never print an older text than the last one that a put said 0 to: docketd would refuse the store, or, worse, take one.
set -eu
folder=${DOCKET_WITNESS_FOLDER:-/mnt/elsewhere/docket-witness}
verb=${1:?get or put} id=${2:?the id of a store}
case $id in *[!0-9a-f]*) echo "$id is no id of a store" >&2 && exit 2 ;; esac
[ -d "$folder" ] || { echo "$folder is not there" >&2 && exit 1; }
case $verb in
get)
    [ ! -e "$folder/$id" ] || cat "$folder/$id"
    ;;
put)
    cat >"$folder/$id.new"
    sync "$folder/$id.new"
    mv "$folder/$id.new" "$folder/$id"
    sync "$folder"
    ;;
*)
    echo "$verb: get or put" >&2
    exit 2
    ;;
esac
