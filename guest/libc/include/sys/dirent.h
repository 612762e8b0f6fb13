/* SPDX-License-Identifier: BSD-2-Clause */
/* dirent.h: what both libraries' dirent.h asks its system for (POSIX.1-2017, dirent.h). */
#pragma once
#include <sys/types.h>

#define DT_UNKNOWN 0
#define DT_CHR     2
#define DT_DIR     4
#define DT_REG     8
#define DT_LNK     10

struct dirent {
    ino_t d_ino;
    unsigned char d_type;
    char d_name[256];
};

typedef struct dir DIR;
