/* SPDX-License-Identifier: MIT */
#include "numbering/fate.h"

static const char *const fates[] = {
    [DK_FATE_LAID] = "laid",   [DK_FATE_OPEN] = "open", [DK_FATE_HANDED_OUT] = "handed out",
    [DK_FATE_SPARE] = "spare", [DK_FATE_VOID] = "void", [DK_FATE_UNKNOWN] = "unknown",
    [DK_FATE_FREE] = "free",   [DK_FATE_RESERVED] = "reserved", [DK_FATE_PENDING] = "pending",
    [DK_FATE_IN_DOUBT] = "in doubt", [DK_FATE_ISSUED] = "issued",
};

static const char *const causes[] = {
    [DK_CAUSE_NONE] = "",
    [DK_CAUSE_POWER_LOSS] = "power loss",
    [DK_CAUSE_RUNTIME_LOST] = "runtime files lost",
    [DK_CAUSE_DAMAGED_CURSOR] = "damaged cursor",
    [DK_CAUSE_GIVEN_BACK] = "given back",
    [DK_CAUSE_QUARANTINE] = "quarantine",
    [DK_CAUSE_ACCEPTED] = "accepted store",
    [DK_CAUSE_FRAGMENT] = "fragment",
    [DK_CAUSE_VOIDED] = "voided",
    [DK_CAUSE_ADVANCED] = "advanced",
    [DK_CAUSE_EVIDENCE] = "by evidence",
    [DK_CAUSE_INTERVAL] = "interval over",
    [DK_CAUSE_ELSEWHERE] = "given elsewhere",
    [DK_CAUSE_CLOSED] = "period closed",
    [DK_CAUSE_IMPORTED] = "imported",
    [DK_CAUSE_NOT_IMPORTED] = "not in the import",
};

const char *dk_fate_name(unsigned fate)
{
    return fate < sizeof fates / sizeof fates[0] ? fates[fate] : "unrecognised fate";
}

const char *dk_cause_name(unsigned cause)
{
    return cause < sizeof causes / sizeof causes[0] ? causes[cause] : "unrecognised cause";
}
