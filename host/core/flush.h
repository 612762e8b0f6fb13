/* SPDX-License-Identifier: BSD-2-Clause */
/* flush.h: make every vCPU forget its translations, and know that it has (SPEC B7-22). */
#pragma once

struct vm;

/*
 * On return no CPU runs this VM's guest with a translation older than the call: each vCPU was outside guest mode once
 * and will drop its translations before it enters again. Waits for other CPUs to leave guest mode, which they do by
 * themselves once kicked; may be called with the mapping lock held (C6-21).
 */
void flush_all(struct vm *vm);

/* The same, and no vCPU enters the guest again with the root it has now, if that is invalid by then (C7-1). */
void flush_roots(struct vm *vm);

/* On return each vCPU was outside guest mode once, and will look whether writes are to be listed before it enters. */
void flush_logs(struct vm *vm);
