/* SPDX-License-Identifier: BSD-2-Clause */
/* idt.c: which stack each vector comes in on. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../../arch/x86_64/guest/idt.c"

void (*const trap_entries[VEC_COUNT - FIRST_ENTRY])(void);

static int setup(void **state)
{
    (void)state;
    idt_fill();
    return 0;
}

/*
 * T-A-152 (A4-36): a thread's stack is mapped as a whole from its start; what grows is what the host keeps of it. A
 * frame that is pushed on an absent page of it is the host's to bring in, which it does without telling the guest
 * (A0-9). The guest's part is to take the fault on the stack of the thread, which sleeps inside it. On the metal:
 * tests/pair, waits-storm-evict.
 */
static void page_faults_come_on_the_threads_stack(void **state)
{
    (void)state;
    assert_int_equal(idt[VEC_PF].ist, IST_NONE);
    for (unsigned v = VEC_INTERRUPTS; v < VEC_COUNT; v++)
        assert_int_equal(idt[v].ist, IST_NONE);
}

/* A stack that is used up has a guard page below it: this shows as a double fault, which needs a stack of its own. */
static void alarms_have_stacks_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(idt[VEC_DF].ist, IST_DOUBLE_FAULT);
    assert_int_equal(idt[VEC_MC].ist, IST_DOUBLE_FAULT);
    assert_int_equal(idt[VEC_NMI].ist, IST_NMI);
}

/* A4-10: interrupts are off from the first instruction of each. */
static void all_are_interrupt_gates(void **state)
{
    (void)state;
    for (unsigned v = 0; v < VEC_COUNT; v++)
        if (v < VEC_FIRST || v >= VEC_INTERRUPTS)
            assert_int_equal(idt[v].type, GATE_INT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_faults_come_on_the_threads_stack),
        cmocka_unit_test(alarms_have_stacks_of_their_own),
        cmocka_unit_test(all_are_interrupt_gates),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
