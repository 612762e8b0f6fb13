/* SPDX-License-Identifier: BSD-2-Clause */
/* error.c: the kernel's reasons are this C library's errno, number by number. */
#include "error.h"
#include <errno.h>

#define same(name) _Static_assert(E_##name == E##name, "E" #name)

same(PERM);
same(NOENT);
same(IO);
same(BADF);
same(AGAIN);
same(NOMEM);
same(ACCES);
same(BUSY);
same(EXIST);
same(NODEV);
same(NOTDIR);
same(ISDIR);
same(INVAL);
same(MFILE);
same(FBIG);
same(NOSPC);
same(SPIPE);
same(ROFS);
same(RANGE);
same(NOSYS);
same(NOTEMPTY);
same(NAMETOOLONG);
same(LOOP);
