/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_msr.c: the three APF MSRs: check everything that can fail, then assign (D12, A1.2, A2.3, A3.2, A5-5). */
#include "apf.h"
#include "vcpu.h"
#include "pv.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"
#include "vm.h"
#include "port.h"

/* The slot rules that EN = value would put in force. */
static enum apf_dialect dialect_of(enum fl_personality p, u64 en, u64 vec)
{
    bool on = en & APF_EN_ON, by_int = en & APF_EN_INT;

    switch (p) {
    case FL_APF_NONE:
        return APF_OFF;
    case FL_APF_LEGACY:
        return on ? APF_LEGACY : APF_OFF;
    case FL_APF_PF2:
        return on ? APF_PF2 : APF_OFF;
    case FL_APF_INT:
        return on && by_int ? APF_INT : APF_OFF; /* A3-26 */
    case FL_APF_DUAL:
        return on && by_int ? (vec & APF_PF2_ON ? APF_PF2 : APF_INT) : APF_OFF;
    }
    return APF_OFF;
}

/* A0-37. A page on its way to another place will do: the slot is looked up at each use. */
static bool may_hold_slot(struct vcpu *v, u64 en)
{
    const struct slot *s = slot_find_ram(v->vm, gpa_gfn((gpa_t){en & APF_EN_SLOT_MASK}));

    return s && !s->read_only;
}

/* Registers that exist though CPUID offers none of this are those of INT (A3-25). */
static enum fl_personality personality(const struct vcpu *v)
{
    enum fl_personality p = v->vm->config.apf;

    return p == FL_APF_NONE ? FL_APF_INT : p;
}

/* A bit of EN whose feature does not exist is reserved (A3-11, A3-12). */
static u64 en_reserved(const struct vcpu *v)
{
    u64 bits = personality(v) == FL_APF_LEGACY ? APF_EN_RSVD_LEGACY : APF_EN_RSVD;

    if (!pv_works(v, KVM_FEATURE_APF_VMEXIT))
        bits |= APF_EN_VMEXIT;
    if (!pv_works(v, KVM_FEATURE_APF_INT))
        bits |= APF_EN_INT;
    return bits;
}

static void set_en(struct vcpu *v, u64 value, enum apf_dialect d)
{
    struct apf *a = &v->apf;

    a->en = value;
    a->dialect = d;
    if (d == APF_OFF) {
        apf_drop(v);
        return;
    }
    at_store(&v->pub.ready_pending, 0);                                 /* A3-35 */
    if (d != APF_PF2 || !(value & APF_EN_INT) || (a->vec & APF_PF2_ON)) /* A2-20 */
        apf_queue_wake_all(v);
    apf_deliver(v);
}

static enum outcome write_en(struct vcpu *v, u64 value)
{
    enum apf_dialect d = dialect_of(personality(v), value, v->apf.vec);

    if (value & en_reserved(v))
        return OUTCOME_GP;
    if (d != APF_OFF && !may_hold_slot(v, value))
        return OUTCOME_GP; /* A0-36, A0-37: no state has changed */

    set_en(v, value, d);
    return OUTCOME_DONE;
}

static u64 vec_reserved(const struct vcpu *v)
{
    return personality(v) == FL_APF_INT ? APF_VEC_RSVD : APF_PF2_RSVD;
}

static enum outcome write_vec(struct vcpu *v, u64 value)
{
    struct apf *a = &v->apf;

    if (value & vec_reserved(v))
        return OUTCOME_GP;
    if (personality(v) == FL_APF_DUAL && a->dialect != APF_OFF && ((value ^ a->vec) & APF_PF2_ON))
        return OUTCOME_GP; /* A5-5: the choice is latched while active */

    a->vec = value;
    if (a->dialect == APF_PF2 && (value & APF_PF2_ON)) { /* A2-20; A2-27: nothing while EN is off */
        apf_queue_wake_all(v);
        apf_deliver(v);
    }
    return OUTCOME_DONE;
}

bool apf_restorable(const struct vcpu *v, u64 en, u64 vec)
{
    return !(en & (pv_works(v, KVM_FEATURE_APF) ? en_reserved(v) : ~0ull)) &&
           !(vec & (pv_works(v, KVM_FEATURE_APF_INT) ? vec_reserved(v) : ~0ull));
}

/* INT, then EN: A3-61. What EN queues, wake-all, waits for the local APIC if that comes later (A3-62). */
void apf_restore(struct vcpu *v, u64 en, u64 vec)
{
    v->apf.vec = vec;
    if (en)
        set_en(v, en, dialect_of(personality(v), en, vec));
}

static enum outcome write_ack(struct vcpu *v, u64 value)
{
    if (!(value & APF_ACK_READY))
        return OUTCOME_DONE; /* A3-22 */
    done_ack(&v->pub);
    apf_service(v);
    return OUTCOME_DONE;
}

enum outcome apf_msr(struct vcpu *v, struct exit *e)
{
    switch (e->msr.index) {
    case PV_MSR_APF_EN:
        if (e->msr.write)
            return write_en(v, e->msr.value);
        e->msr.value = v->apf.en;
        return OUTCOME_DONE;
    case PV_MSR_APF_VEC:
        if (e->msr.write)
            return write_vec(v, e->msr.value);
        e->msr.value = v->apf.vec;
        return OUTCOME_DONE;
    case PV_MSR_APF_ACK:
        if (e->msr.write)
            return write_ack(v, e->msr.value);
        e->msr.value = 0; /* A3-23 */
        return OUTCOME_DONE;
    }
    return OUTCOME_GP;
}
