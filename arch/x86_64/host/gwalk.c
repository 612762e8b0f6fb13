/* SPDX-License-Identifier: BSD-2-Clause */
/* gwalk.c: walk the guest's page tables in software (APM vol. 2, 5.3). */
#include "gwalk.h"
#include "cpu.h"
#include "guestmem.h"
#include "msr.h"
#include "page.h"

bool gwalk_can(const struct gwalk *w)
{
    return !(w->cr0 & CR0_PG) || w->efer & EFER_LMA;
}

bool gwalk_gpa(struct vm *vm, const struct gwalk *w, gva_t va, gpa_t *out)
{
    u64 table = w->cr3 & PTE_ADDR, pte;
    int level = w->cr4 & CR4_LA57 ? 5 : 4;

    if (!(w->cr0 & CR0_PG)) {
        *out = (gpa_t){(u32)va.v};
        return true;
    }
    if (!gwalk_can(w))
        return false;
    for (;; level--) {
        u64 page = BIT(PT_SHIFT(level)) - 1;
        gfn_t absent;

        if (guest_read(vm, (gpa_t){table + 8 * pt_index(va.v, level)}, &pte, sizeof(pte), &absent) !=
                GUEST_OK ||
            !(pte & PTE_P))
            return false;
        if (level == 1 || (pte & PTE_PS && level <= 3)) {
            *out = (gpa_t){(pte & PTE_ADDR & ~page) | (va.v & page)};
            return true;
        }
        table = pte & PTE_ADDR;
    }
}

size_t gwalk_read(struct vm *vm, const struct gwalk *w, gva_t va, void *to, size_t n)
{
    size_t done = 0;

    while (done < n) {
        gva_t at = {va.v + done};
        size_t part = MIN(n - done, PAGE_SIZE - (at.v & PAGE_MASK));
        gpa_t gpa;
        gfn_t absent;

        if (!gwalk_gpa(vm, w, at, &gpa) || guest_read(vm, gpa, (u8 *)to + done, part, &absent) != GUEST_OK)
            break;
        done += part;
    }
    return done;
}
