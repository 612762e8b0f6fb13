/* SPDX-License-Identifier: BSD-2-Clause */
/* format.c: the entry format of the fake hardware; in a file of its own, for programs that have no tables. */
#include "fake/world.h"
#include "tdp.h"

const struct tdp_ops *fake_tdp = &tdp_npt;
bool fake_has_log;

const struct tdp_ops *hw_tdp(void)
{
    return fake_tdp;
}

bool hw_has_log(void)
{
    return fake_has_log;
}
