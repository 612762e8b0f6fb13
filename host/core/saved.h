/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saved.h: a saved VM as it lies on a partition, and its memory as stores whose pages are read on first touch.
 *
 *     page 0, 1   headers; the valid one with the higher sequence counts. Written last: half a save is none
 *     from 2 on   in any order: pages of memory; for each slot an index of them; the state of the vCPUs
 *
 * A VM that runs from such an image can be saved to the same partition: pages that did not change stay where they are
 * and are named by both indices; no page of the image it runs from is written to.
 */
#pragma once
#include "hw.h"
#include "slot.h"
#include "lapic.h"
#include "ticket.h"
#include "uart.h"

#define SAVED_MAGIC   0x4445564153564c46ull /* "FLVSAVED" */
#define SAVED_VERSION 3
#define SAVED_HEADERS 2
#define SAVED_FIRST   SAVED_HEADERS
#define SAVED_NAME    40

/* An index has a u32 for each page of its slot: the page of the partition that holds it, or: */
#define SAVED_ZERO   0u
#define SAVED_SOURCE 0xffffffffu /* what the slot's source has there */

#define SAVED_PAGES(bytes)       (((bytes) + PAGE_MASK) >> PAGE_SHIFT)
#define SAVED_INDEX_BYTES(pages) ROUND_UP((pages) * sizeof(u32), PAGE_SIZE)

/* A run of pages of the partition, and the checksum of the bytes that matter in it. */
struct saved_run {
    u64 page;
    u32 bytes, crc;
};

struct saved_slot {
    u64 base, pages;   /* gfn; number */
    u32 id, read_only; /* enum slot_id; 0 or 1 */
    struct saved_run index;
    u64 source_bytes;        /* of the partition that is its source, and … */
    char source[SAVED_NAME]; /* … that one's name; empty: none */
};

struct saved_header {
    u64 magic;
    u32 version;
    u32 crc; /* of the whole page, this field being 0 */
    u64 sequence;
    u64 end; /* no page from here on belongs to it */
    u64 memory;
    u32 vcpus, apf;                   /* enum fl_personality */
    u32 pv_hidden, pv_lax, hook;      /* as in struct vm_config */
    u64 tsc_khz, tsc, wall_clock_msr; /* tsc: as the guest saw it */
    u32 asker, asked_by_port; /* the vCPU whose instruction asked for the save, and which kind it is */
    u32 apf_first;            /* APF registers are restored before the local APIC (A3-62) */
    u32 slots;
    struct saved_run state; /* a struct saved_state */
    struct saved_slot slot[SLOTS];
};
_Static_assert(sizeof(struct saved_header) <= PAGE_SIZE, "a header is a page");

/* Whatever a vCPU was waiting for, it does not any more: its instruction is run again. */
enum saved_vcpu_state { SAVED_RUNNABLE, SAVED_HALTED, SAVED_WAIT_SIPI };

struct saved_vcpu {
    u32 state; /* enum saved_vcpu_state */
    u32 sipi, init, nmi;
    struct lapic_saved lapic;
    u64 apf_en, apf_vec, clock_msr, steal_msr, eoi_msr, poll_msr;
    u64 stolen;      /* ns that the steal time area does not have yet */
    u32 kicked, due; /* due: DUE_EOI or DUE_EOI_LOOK or none */
    u8 hw[HW_STATE_BYTES];
};

struct saved_state {
    struct uart uart;
    u32 hook_page, hook_value, hook_result; /* its ports */
    struct saved_vcpu vcpu[VCPU_MAX];
};

/* The memory of one slot. The page that it is asked for it asks of where that is. */
struct saved_memory {
    struct store store;
    struct store *on, *source;
    u32 *index; /* SAVED_INDEX_BYTES() */
    u64 pages;
};

/* What a VM was restored from; all zero: nothing. Never changes while the VM runs. */
struct saved {
    struct saved_header header;
    unsigned place; /* of the header: 0 … SAVED_HEADERS - 1 */
    struct store *on;
    struct saved_memory memory[SLOTS];
};

/* Checksum of a header's page. */
u32 saved_header_crc(const void *page);

/* Make memory[i]'s store; `index` is its own from here on. */
void saved_memory_init(struct saved *s, unsigned i, struct store *source, u32 *index);
/* The saved memory that a slot's store is, or NULL. */
const struct saved_memory *saved_memory_of(const struct store *s);
/* Bits for the pages [0, header.end) of the partition that the image has; NULL: no memory. SAVED_MAP_BYTES() long. */
#define SAVED_MAP_BYTES(end) (((end) + 63) / 64 * sizeof(u64))
u64 *saved_map(const struct saved *s) must_check;
void saved_free(struct saved *s);
