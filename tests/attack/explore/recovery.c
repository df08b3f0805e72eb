/* SPDX-License-Identifier: MIT */
/* docketd's own start, with the desk's files in the explorer's memory. */
#include "world.h"

#include "table/desk.h"

#define dk_desk_create ex_desk_create
#define dk_desk_publish ex_desk_publish
#define dk_desk_adopt ex_desk_adopt
#include "../../../src/daemon/recovery/recovery.c"
