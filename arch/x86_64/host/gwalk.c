/* SPDX-License-Identifier: BSD-2-Clause */
/* gwalk.c: walk the guest's page tables in software, in whatever mode it has paging (APM vol. 2, 5.2 and 5.3). */
#include "gwalk.h"
#include "cpu.h"
#include "guestmem.h"
#include "msr.h"
#include "page.h"

#define CR3_PAE 0xffffffe0u /* the four entries at the top are no page of their own */

#define PSE36_ADDR(pte) (((pte)&0xffc00000) | ((pte) >> 13 & 0xff) << 32)

/* What a mode's tables look like. */
struct layout {
    int levels, large; /* an entry of a level up to `large` may map a page itself */
    unsigned entry;    /* bytes */
    unsigned bits;     /* of the address, that a level's index has */
};

static struct layout layout(const struct gwalk *w)
{
    if (w->efer & EFER_LMA)
        return (struct layout){w->cr4 & CR4_LA57 ? 5 : 4, 3, 8, 9};
    if (w->cr4 & CR4_PAE)
        return (struct layout){3, 2, 8, 9};
    return (struct layout){2, w->cr4 & CR4_PSE ? 2 : 1, 4, 10};
}

static u64 top_table(const struct gwalk *w)
{
    return w->efer & EFER_LMA || !(w->cr4 & CR4_PAE) ? w->cr3 & PTE_ADDR : w->cr3 & CR3_PAE;
}

bool gwalk_gpa(struct vm *vm, const struct gwalk *w, gva_t va, gpa_t *out)
{
    struct layout l = layout(w);
    u64 at = w->efer & EFER_LMA ? va.v : (u32)va.v, table = top_table(w);

    if (!(w->cr0 & CR0_PG)) {
        *out = (gpa_t){at};
        return true;
    }
    for (int level = l.levels;; level--) {
        unsigned shift = PAGE_SHIFT + l.bits * (unsigned)(level - 1);
        u64 page = BIT(shift) - 1, index = at >> shift & (BIT(l.bits) - 1), pte = 0;
        gfn_t absent;

        if (guest_read(vm, (gpa_t){table + l.entry * index}, &pte, l.entry, &absent) != GUEST_OK ||
            !(pte & PTE_P))
            return false;
        if (level == 1 || (pte & PTE_PS && level <= l.large)) {
            u64 first = level == 2 && l.entry == 4 ? PSE36_ADDR(pte) : pte & PTE_ADDR & ~page;

            *out = (gpa_t){first | (at & page)};
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
