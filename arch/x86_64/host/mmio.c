/* SPDX-License-Identifier: BSD-2-Clause */
/* mmio.c: from the bytes of an instruction to the access that it meant. */
#include "mmio.h"

enum mmio mmio_decode(struct exit *e, const struct mmio_code *code, struct insn *out)
{
    bool write = e->tdp.access & ACCESS_WRITE;
    gpa_t gpa = e->tdp.gpa;
    enum insn_result r = insn_decode(code->byte, code->n, code->bits, out);

    if (r == INSN_SHORT)
        return MMIO_AGAIN;
    if (r == INSN_UNKNOWN || out->write != write)
        return MMIO_UNKNOWN;
    *e = (struct exit){.kind = EXIT_MMIO, .mmio = {.gpa = gpa, .size = out->size, .write = write}};
    return MMIO_DECODED;
}
