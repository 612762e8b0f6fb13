/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_save.c: a guest asks to be saved, by a hypercall or a port of the test hook (abi/faultline.h, abi/testhook.h). */
#include "pv.h"
#include "vm.h"
#include "abi/kvm_hypercall.h"

#define FAILED(error) (-(u64)(error))

u64 pv_save_result(enum save_error e)
{
    switch (e) {
    case SAVE_OK:
        return 0;
    case SAVE_NOWHERE:
        return FAILED(PV_EOPNOTSUPP);
    case SAVE_BUSY:
        return FAILED(PV_EBUSY);
    case SAVE_SMALL:
        return FAILED(PV_ENOSPC);
    case SAVE_NO_MEMORY:
        return FAILED(PV_ENOMEM);
    case SAVE_STORE_ERROR:
        break;
    }
    return FAILED(PV_EIO);
}

/* Apart from the dispatch of exits, which is optimised as a whole and has an end to how large it may become. */
__attribute__((noinline)) enum outcome pv_save(struct vcpu *v, struct exit *e)
{
    static const enum save_mode modes[] = {
        [FL_SAVE_GO_ON] = SAVE_GO_ON, [FL_SAVE_STOP] = SAVE_STOP, [FL_SAVE_KEEP] = SAVE_KEEP};
    u64 call = e->call.arg[0], status = e->call.arg[1];
    enum save_error error;

    e->call.ret = FAILED(PV_EINVAL);
    if (call >= ARRAY_SIZE(modes) || (call == FL_SAVE_STOP ? status > VM_STATUS_GUEST_MAX : status))
        return OUTCOME_DONE;
    error = save_start(v, e, modes[call], (u32)status, false);
    if (!error)
        return OUTCOME_AGAIN;
    e->call.ret = pv_save_result(error);
    return OUTCOME_DONE;
}

enum outcome save_and_go_on(struct vcpu *v, const struct exit *e, bool apf_first, u32 *result)
{
    enum save_error error = save_start(v, e, SAVE_GO_ON, 0, apf_first);

    *result = (u32)pv_save_result(error);
    return error ? OUTCOME_DONE : OUTCOME_AGAIN;
}
