/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: the piece of RAM the kernel takes, its two ends, and the words of the command line. */
/* with: guest/kern/mem.c guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "boot.h"
#include "fake/machine.h"
#include "irq.h"
#include "mem.h"
#include <string.h>

struct percpu cpus[MAX_CPUS];

void irq_timer(void)
{
}

void irq_exit(void)
{
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_cpu(0, NULL);
    memset(&boot, 0, sizeof(boot));
    return 0;
}

static void ram(u64 addr, u64 bytes)
{
    boot.ram[boot.ram_count++] = (struct boot_range){addr, bytes};
}

static u64 heap_at(void)
{
    return (u64)(uintptr_t)mem_heap_grow(0);
}

static void takes_the_largest_free_piece(void **state)
{
    (void)state;
    ram(0, 0xa0000);
    ram(1 * MiB, 63 * MiB);
    boot.image = (struct boot_range){1 * MiB, 512 * KiB + 1};
    boot.module[boot.module_count++] = (struct boot_range){48 * MiB, 8 * MiB};
    mem_init();
    assert_int_equal(heap_at(), 1 * MiB + 512 * KiB + PAGE_SIZE);
    assert_int_equal(mem_pages(1), 48 * MiB - PAGE_SIZE);
}

/* A module may hang over both ends of a piece, or lie where no RAM is at all. */
static void modules_anywhere(void **state)
{
    (void)state;
    ram(16 * MiB, 16 * MiB);
    ram(64 * MiB, 8 * MiB);
    boot.module[boot.module_count++] = (struct boot_range){8 * MiB, 24 * MiB};
    boot.module[boot.module_count++] = (struct boot_range){4 * GiB, 100 * MiB};
    boot.module[boot.module_count++] = (struct boot_range){66 * MiB, 0};
    mem_init();
    assert_int_equal(heap_at(), 64 * MiB);
    assert_int_equal(mem_pages(1), 72 * MiB - PAGE_SIZE);
}

static void no_memory_at_all(void **state)
{
    (void)state;
    ram(0, 0xa0000);
    assert_true(fake_ends(mem_init, STATUS_PANIC));
}

static void heap_and_pages_share_to_the_last_byte(void **state)
{
    (void)state;
    ram(1 * MiB, 64 * KiB);
    mem_init();
    assert_int_equal(mem_pages(4), 1 * MiB + 48 * KiB);
    assert_null(mem_pages(13));
    assert_null(mem_heap_grow(48 * KiB + 1));
    assert_int_equal(mem_heap_grow(48 * KiB), 1 * MiB);
    assert_null(mem_heap_grow(1));
    assert_null(mem_pages(1));
    assert_null(mem_heap_grow(-(s64)(48 * KiB) - 1));
    assert_int_equal(mem_heap_grow(-(s64)(48 * KiB)), 1 * MiB + 48 * KiB);
    assert_int_equal(heap_at(), 1 * MiB);
}

static void options(void **state)
{
    (void)state;
    strcpy(boot.cmdline, "search xvcpus=7 vcpus=3 pattern=vcpus=5 empty= word");
    assert_int_equal(boot_option_number("vcpus", 8), 3);
    assert_int_equal(boot_option_number("cpus", 8), 8);
    assert_int_equal(boot_option_number("empty", 8), 8);
    assert_int_equal(boot_option_number("pattern", 8), 8);
    assert_null(boot_option("word"));
    assert_memory_equal(boot_option("pattern"), "vcpus=5 ", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(takes_the_largest_free_piece, setup),
        cmocka_unit_test_setup(modules_anywhere, setup),
        cmocka_unit_test_setup(no_memory_at_all, setup),
        cmocka_unit_test_setup(heap_and_pages_share_to_the_last_byte, setup),
        cmocka_unit_test_setup(options, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
