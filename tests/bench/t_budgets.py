#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_budgets.py: the test that no path has become longer than its budget: `tests/bench/run --budgets`.

import os

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")
os.execv(RUN, [RUN, "--budgets"])
