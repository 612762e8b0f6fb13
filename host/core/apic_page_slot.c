/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apic_page_slot.c: make the page behind the local APICs' registers, with contents that show wherever they are read.
 *
 * Hardware answers all accesses to it, so nothing is ever read from its frame or written there, and a guest that sees
 * APIC_PAGE_WORD in a register, or leaves something else in the frame, has found an address that was stale. (A guest
 * may also lead the hardware there by other ways than an instruction's operand, by CR3 say: SDM vol. 3, 29.4.6. Then
 * it reads its own APIC page as memory, and harms nobody.)
 */
#include "apic_page.h"
#include "guestmem.h"
#include "hw.h"
#include "vm.h"

unsigned apic_page_mend(void *frame)
{
    u32 *word = frame;
    unsigned n = 0;

    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*word); i++) {
        n += word[i] != APIC_PAGE_WORD;
        word[i] = APIC_PAGE_WORD;
    }
    return n;
}

bool apic_page_make(struct vm *vm)
{
    static u8 page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

    if (!hw_may_virt_apic())
        return true;
    (void)apic_page_mend(page);
    return slot_add_private(vm, SLOT_APIC_PAGE, APIC_PAGE_GFN) == SLOT_OK &&
           guest_load(vm, gfn_gpa(APIC_PAGE_GFN), page, sizeof(page));
}
