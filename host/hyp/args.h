/* SPDX-License-Identifier: BSD-2-Clause */
/* args.h: the host's command line: what VM to make, or restore, and which partitions it sees as modules. */
#pragma once
#include "vm.h"
#include "lib/args.h"

#define HYP_NAME_MAX    40
#define HYP_CMDLINE_MAX 256

/* module=PARTITION[:BYTES[:CMDLINE]] */
struct hyp_module {
    char partition[HYP_NAME_MAX];
    u64 bytes; /* 0: the whole partition */
    char cmdline[HYP_CMDLINE_MAX];
};

struct hyp_args {
    struct vm_config vm;
    struct hyp_module module[ARG_TEXTS_MAX];
    unsigned modules;
    char save[HYP_NAME_MAX];    /* the partition to save to; empty: none */
    char restore[HYP_NAME_MAX]; /* … and to restore from, in place of an image */
    u32 apicv;                  /* APICV_… (backend.h): which parts of APIC virtualisation may be used */
    const char *guest;          /* what follows `--` */
};

/* Ends the host with a message about what is wrong. */
void hyp_args_read(const char *line, struct hyp_args *out);
