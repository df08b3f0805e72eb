/* SPDX-License-Identifier: MIT */
#ifndef EXPLORE_CONFIGS_H
#define EXPLORE_CONFIGS_H

#include "world.h"

extern const struct ex_config ex_configs[];
extern const size_t ex_config_count;

#endif
