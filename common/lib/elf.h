/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf.h: check an ELF64 x86-64 image that boots by PVH and list what of it goes where in memory.
 *
 * Source: System V ABI, chapters 4 and 5; the PVH note of abi/pvh.h. Nothing is copied.
 */
#pragma once
#include "lib/types.h"

#define ELF_SEGMENTS_MAX 16

struct elf_segment {
    u64 offset; /* in the file */
    u64 paddr;
    u64 filesz, memsz; /* bytes behind filesz are zero */
};

struct elf_image {
    u32 pvh_entry;
    unsigned segments;
    struct elf_segment segment[ELF_SEGMENTS_MAX];
};

enum elf_error {
    ELF_OK,
    ELF_NOT_ELF,       /* no ELF magic */
    ELF_WRONG_KIND,    /* not a 64-bit little-endian x86-64 executable */
    ELF_TRUNCATED,     /* headers or segments reach beyond the file */
    ELF_NO_SEGMENTS,   /* nothing to load */
    ELF_MANY_SEGMENTS, /* more than ELF_SEGMENTS_MAX */
    ELF_SEGMENT_SIZE,  /* a segment is larger in the file than in memory */
    ELF_NO_PVH,        /* no PVH entry note */
    ELF_OUTSIDE,       /* a segment lies outside the memory */
    ELF_ENTRY,         /* the entry lies outside the segments */
};

/* memory: bytes of guest memory, from physical address 0. out is valid after ELF_OK only. */
enum elf_error elf_read(const void *image, size_t bytes, u64 memory, struct elf_image *out) must_check;
const char *elf_strerror(enum elf_error e);
