/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_check_segments.c: what VM entry asks of the guest's segment registers (SDM vol. 3, 27.3.1.2). */
#include "vmx_check_parts.h"
#include "cpu.h"

#define TYPE(access)  ((access)&0xf)
#define TYPE_ACCESSED 1u
#define TYPE_READABLE 2u /* of code */
#define TYPE_CODE     8u
#define TYPE_DATA_RW  3u
#define CODE_PLAIN    9u  /* accessed; 11 with readable */
#define CODE_CONFORM  13u /* likewise 15 */
#define TYPE_LDT      2u
#define TYPE_TSS16    3u
#define TYPE_TSS      11u
#define SEG_S         BIT(4) /* code or data, not a system segment */
#define SEG_P         BIT(7)
#define SEG_G         BIT(15)
#define SEG_RESERVED  0xfffe0f00u
#define SEG_V8086     0xf3u
#define SELECTOR_RPL  3u
#define SELECTOR_TI   4u
#define V8086_LIMIT   0xffffu

/* In the order of the fields. */
enum seg_name {
    SEG_ES,
    SEG_CS,
    SEG_SS,
    SEG_DS,
    SEG_FS,
    SEG_GS,
    SEG_LDTR,
    SEG_TR,
};

struct seg {
    u64 selector_field, base_field, limit_field, access_field;
    u64 selector, base, limit, access;
    bool usable;
};

static struct seg seg_get(const struct vmx_checking *k, enum seg_name n)
{
    struct seg s = {
        .selector_field = VMCS_GUEST_ES + 2 * n,
        .base_field = VMCS_GUEST_ES_BASE + 2 * n,
        .limit_field = VMCS_GUEST_ES_LIMIT + 2 * n,
        .access_field = VMCS_GUEST_ES_ACCESS + 2 * n,
    };

    s.selector = vmcs_get(k, s.selector_field);
    s.base = vmcs_get(k, s.base_field);
    s.limit = vmcs_get(k, s.limit_field);
    s.access = vmcs_get(k, s.access_field);
    s.usable = !(s.access & VMX_SEG_UNUSABLE);
    return s;
}

/* What all segments that are in use share. */
static void check_descriptor(struct vmx_checking *k, const struct seg *s, bool system)
{
    vmcs_need(k, s->access_field, !(s->access & SEG_S) == system,
              system ? "must have S 0: a system segment" : "must have S 1: code or data");
    vmcs_need(k, s->access_field, s->access & SEG_P, "must be present");
    vmcs_need(k, s->access_field, !(s->access & SEG_RESERVED),
              "must have 0 in the reserved bits 31:17 and 11:8");
    vmcs_need(k, s->access_field, (s->limit & 0xfff) == 0xfff || !(s->access & SEG_G),
              "must have G 0, as the limit's low 12 bits are not all ones");
    vmcs_need(k, s->access_field, !(s->limit >> 20) || s->access & SEG_G,
              "must have G 1, as the limit has bits above 19");
}

static void check_v8086(struct vmx_checking *k, const struct seg *s)
{
    vmcs_need(k, s->base_field, s->base == s->selector << 4,
              "must be the selector << 4 in virtual-8086 mode");
    vmcs_need(k, s->limit_field, s->limit == V8086_LIMIT, "must be 0xffff in virtual-8086 mode");
    vmcs_need(k, s->access_field, s->access == SEG_V8086, "must be 0xf3 in virtual-8086 mode");
}

static void check_cs(struct vmx_checking *k, const struct seg *cs, const struct seg *ss)
{
    u64 type = TYPE(cs->access), dpl = VMX_SEG_DPL(cs->access), ss_dpl = VMX_SEG_DPL(ss->access);
    bool data = type == TYPE_DATA_RW && vmx_unrestricted(k);

    vmcs_need(k, cs->access_field,
              (type & (TYPE_CODE | TYPE_ACCESSED)) == (TYPE_CODE | TYPE_ACCESSED) || data,
              "must be accessed code (type 9, 11, 13, 15), or type 3 in an unrestricted guest");
    check_descriptor(k, cs, false);
    if (data)
        vmcs_need(k, cs->access_field, dpl == 0, "must have DPL 0 if of type 3");
    else if ((type & CODE_CONFORM) == CODE_PLAIN)
        vmcs_need(k, cs->access_field, dpl == ss_dpl, "must have the DPL of SS if not conforming");
    else if ((type & CODE_CONFORM) == CODE_CONFORM)
        vmcs_need(k, cs->access_field, dpl <= ss_dpl, "must have a DPL of at most that of SS if conforming");
    vmcs_need(k, cs->access_field, !vmx_ia32e(k) || !(cs->access & VMX_SEG_L) || !(cs->access & VMX_SEG_DB),
              "must not have D with L in IA-32e mode");
    vmcs_need(k, cs->base_field, cs->base >> 32 == 0, "must have 0 in bits 63:32");
}

static void check_ss(struct vmx_checking *k, const struct seg *ss, const struct seg *cs)
{
    u64 type = TYPE(ss->access), dpl = VMX_SEG_DPL(ss->access), rpl = ss->selector & SELECTOR_RPL;

    if (!vmx_unrestricted(k)) {
        vmcs_need(k, ss->selector_field, rpl == (cs->selector & SELECTOR_RPL), "must have the RPL of CS");
        vmcs_need(k, ss->access_field, dpl == rpl, "must have the selector's RPL as DPL");
    }
    vmcs_need(k, ss->access_field,
              dpl == 0 || (TYPE(cs->access) != TYPE_DATA_RW && vmcs_get(k, VMCS_GUEST_CR0) & CR0_PE),
              "must have DPL 0 if CS is of type 3 or CR0.PE is 0");
    if (!ss->usable)
        return;
    vmcs_need(k, ss->access_field, type == 3 || type == 7, "must be writable, accessed data (type 3 or 7)");
    check_descriptor(k, ss, false);
    vmcs_need(k, ss->base_field, ss->base >> 32 == 0, "must have 0 in bits 63:32");
}

/* DS, ES, FS, GS; the last two have 64-bit bases, whether usable or not. */
static void check_data(struct vmx_checking *k, enum seg_name n)
{
    struct seg s = seg_get(k, n);
    u64 type = TYPE(s.access);

    if (n == SEG_FS || n == SEG_GS)
        vmcs_need_canonical(k, s.base_field);
    if (!s.usable)
        return;
    vmcs_need(k, s.access_field, type & TYPE_ACCESSED, "must be accessed");
    vmcs_need(k, s.access_field, !(type & TYPE_CODE) || type & TYPE_READABLE,
              "must be readable if it is code");
    check_descriptor(k, &s, false);
    vmcs_need(k, s.access_field,
              vmx_unrestricted(k) || (type & CODE_CONFORM) == CODE_CONFORM ||
                  VMX_SEG_DPL(s.access) >= (s.selector & SELECTOR_RPL),
              "must have a DPL of at least the selector's RPL");
    if (n == SEG_DS || n == SEG_ES)
        vmcs_need(k, s.base_field, s.base >> 32 == 0, "must have 0 in bits 63:32");
}

static void check_tr(struct vmx_checking *k)
{
    struct seg s = seg_get(k, SEG_TR);
    u64 type = TYPE(s.access);

    vmcs_need(k, s.selector_field, !(s.selector & SELECTOR_TI), "must have TI 0");
    vmcs_need_canonical(k, s.base_field);
    vmcs_need(k, s.access_field, s.usable, "must be usable");
    vmcs_need(k, s.access_field, type == TYPE_TSS || (type == TYPE_TSS16 && !vmx_ia32e(k)),
              "must be a busy TSS (type 11, or 3 outside IA-32e mode)");
    check_descriptor(k, &s, true);
}

static void check_ldtr(struct vmx_checking *k)
{
    struct seg s = seg_get(k, SEG_LDTR);

    if (!s.usable)
        return;
    vmcs_need(k, s.selector_field, !(s.selector & SELECTOR_TI), "must have TI 0");
    vmcs_need_canonical(k, s.base_field);
    vmcs_need(k, s.access_field, TYPE(s.access) == TYPE_LDT, "must be an LDT (type 2)");
    check_descriptor(k, &s, true);
}

void vmx_check_segments(struct vmx_checking *k)
{
    struct seg cs = seg_get(k, SEG_CS), ss = seg_get(k, SEG_SS);
    bool v8086 = vmcs_get(k, VMCS_GUEST_RFLAGS) & RFLAGS_VM;

    k->section = "27.3.1.2";
    for (enum seg_name n = SEG_ES; n <= SEG_GS; n++) {
        struct seg s = seg_get(k, n);

        if (v8086)
            check_v8086(k, &s);
        else if (n != SEG_CS && n != SEG_SS)
            check_data(k, n);
    }
    if (!v8086) {
        check_cs(k, &cs, &ss);
        check_ss(k, &ss, &cs);
    }
    check_ldtr(k);
    check_tr(k);
}
