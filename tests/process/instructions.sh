#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `make check-instructions` as a test.
# seconds: 3 3
exec "$(dirname "$0")/../instructions/run.sh"
