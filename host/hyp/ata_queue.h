/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ata_queue.h: the requests for a disk that does one thing at a time.
 *
 * Any CPU submits, any CPU polls; the queue's lock is a leaf of the lock order and is held over the start and the end
 * of a command, not over `done`. The interrupt that tells of a command's end goes to the CPU that asked for it, so that
 * the one which waits wakes up; whoever polls first finishes the command and starts the next. (Were it only the CPU
 * that asked, one that spins in its pass for a page would wait for another one that waits for this pass to end.)
 */
#pragma once
#include "ata_reg.h"
#include "disk.h"
#include "lib/lock.h"

#define ATA_DEPTH   128u
#define ATA_LOOK_NS 1000000u

struct ata_request {
    enum store_op op;
    u32 blocks;
    u64 lba;
    hpa_t page;
    disk_done *done;
    void *who;
    unsigned cpu; /* that asked */
};

/* Where a disk is: the ports of its channel, and whether it is the second on the cable. */
struct ata_place {
    u16 command, control, bus_master;
    bool slave;
};

struct ata_queue {
    struct spinlock lock;
    u32 head, count; /* count is read without the lock; request[head] is on the device */
    u64 look;        /* ns as port_now(): not before */
    unsigned aimed;  /* the CPU that gets the interrupt */
    struct ata_place at;
    struct ata_request request[ATA_DEPTH];
    struct ata_prd prd;
    u8 bounce[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE))); /* for pages that 32 bits do not reach */
};

/* The interrupt goes to this CPU from now on: the machine's part, called with the queue's lock held. */
void ata_aim(unsigned cpu);

/* 1 to 8 blocks; page is one of memory. -1: full. */
int ata_queue_submit(struct ata_queue *q, const struct ata_request *r) must_check;
/*
 * told: this CPU had the interrupt. Without one, as for a CPU that spins with interrupts off, the device is looked at
 * no more often than every ATA_LOOK_NS: a port takes microseconds, and emulators stop the device for as long.
 */
unsigned ata_queue_poll(struct ata_queue *q, bool told);
