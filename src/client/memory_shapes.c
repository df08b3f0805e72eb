/* SPDX-License-Identifier: MIT */
/*
 * memory_shapes: no text is written by two series of a tenant, in a realm in
 * memory. Two can meet only if one's beginning (collide.h) begins with the
 * other's; so the series stand in a tree by tenant and beginning, and few are
 * asked. The tree is a treap: names that come in order do not make it deep.
 */
#include "client/memory.h"

#include "base/hash.h"
#include "numbering/collide.h"

#include <string.h>

static int compare(const struct memory_series *a, const struct memory_series *b)
{
    int order = strcmp(a->tenant, b->tenant);
    if (order == 0)
        order = strcmp(a->beginning, b->beginning);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static uint64_t priority(const struct memory_series *series)
{
    return dk_hash(series->name, strlen(series->name), dk_hash(series->tenant, strlen(series->tenant), 7));
}

void dk_memory_shape_add(struct memory *memory, struct memory_series *series)
{
    struct memory_series **at = &memory->shapes;
    uint64_t own = priority(series);
    while (*at != NULL && priority(*at) >= own)
        at = compare(series, *at) < 0 ? &(*at)->left : &(*at)->right;
    struct memory_series *rest = *at, **left = &series->left, **right = &series->right;
    *at = series;
    while (rest != NULL) { /* what was below goes to its sides */
        bool before = compare(rest, series) < 0;
        struct memory_series **side = before ? left : right;
        *side = rest;
        if (before)
            left = &rest->right;
        else
            right = &rest->left;
        rest = before ? rest->right : rest->left;
    }
    *left = *right = NULL;
}

struct asking {
    const char *tenant;
    const char *beginning;
    size_t bytes;
    bool exact; /* its beginning is these bytes; else it begins with them */
    const struct memory_series *asked;
    struct dk_shape shape;
};

static docket_status meet(const struct asking *asking, const struct memory_series *other)
{
    struct dk_template resolved;
    struct dk_collision found = {0};
    docket_status status = dk_policy_template(other->policy, other->tenant, &resolved);
    if (status != DOCKET_OK)
        return status;
    struct dk_shape shape = {&resolved, other->name, (enum dk_restart)other->policy->restart, other->last};
    struct dk_meeting meeting = {.tenant = asking->tenant,
                                 .template_text = asking->asked->policy->template_text,
                                 .shape = &asking->shape,
                                 .other = &shape};
    return dk_shapes_meet(&asking->shape, &shape, &found) ? dk_shapes_say(&meeting, &found) : DOCKET_OK;
}

static docket_status look(const struct asking *asking, const struct memory_series *at)
{
    docket_status status = DOCKET_OK;
    if (at == NULL)
        return DOCKET_OK;
    int order = strcmp(asking->tenant, at->tenant);
    if (order == 0)
        order = strncmp(asking->beginning, at->beginning, asking->bytes);
    if (order == 0 && asking->exact && at->beginning[asking->bytes] != 0)
        order = -1;
    if (order <= 0)
        status = look(asking, at->left);
    if (status == DOCKET_OK && order == 0)
        status = meet(asking, at);
    if (status == DOCKET_OK && order >= 0)
        status = look(asking, at->right);
    return status;
}

docket_status dk_memory_shape_check(const struct memory *memory, const struct memory_series *series,
                                    const struct dk_template *resolved)
{
    struct asking asking = {
        .tenant = series->tenant,
        .beginning = series->beginning,
        .bytes = strlen(series->beginning),
        .asked = series,
        .shape = {resolved, series->name, (enum dk_restart)series->policy->restart, series->last}};
    docket_status status = look(&asking, memory->shapes);
    asking.exact = true;
    while (status == DOCKET_OK && asking.bytes > 0) {
        asking.bytes--;
        status = look(&asking, memory->shapes);
    }
    return status;
}
