/* SPDX-License-Identifier: BSD-2-Clause */
/* lib_boot.c: both boot protocols give the same boot_info, and bad counts, lengths and addresses end in an error. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/mb2.h"
#include "lib/pvh.h"
#include "abi/multiboot2.h"
#include "abi/pvh.h"

/* Physical memory: an exact block, so that the sanitizer sees any byte read beyond it. */
#define BYTES 0x8000u
#define INFO  0x1000u
#define LIST  0x2000u
#define MAP   0x3000u
#define TEXT  0x4000u
#define MOD   0x5000u

static struct boot_info b;
static u8 *memory;
static struct boot_window window;

static int make_memory(void **state)
{
    (void)state;
    memory = calloc(1, BYTES);
    window = (struct boot_window){(uintptr_t)memory, BYTES};
    return !memory;
}

static int drop_memory(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static struct pvh_start_info *build_pvh(void)
{
    struct pvh_start_info *si = (struct pvh_start_info *)(memory + INFO);
    struct pvh_modlist_entry *m = (struct pvh_modlist_entry *)(memory + LIST);
    struct pvh_memmap_entry *r = (struct pvh_memmap_entry *)(memory + MAP);

    memset(memory, 0, BYTES);
    *si = (struct pvh_start_info){.magic = PVH_START_MAGIC,
                                  .version = 1,
                                  .nr_modules = 1,
                                  .modlist_paddr = LIST,
                                  .cmdline_paddr = TEXT,
                                  .rsdp_paddr = 0x7000,
                                  .memmap_paddr = MAP,
                                  .memmap_entries = 2};
    *m = (struct pvh_modlist_entry){.paddr = MOD, .size = 0x123, .cmdline_paddr = TEXT + 0x100};
    r[0] = (struct pvh_memmap_entry){.addr = 0x800, .size = 0x9000, .type = PVH_MEM_RAM};
    r[1] = (struct pvh_memmap_entry){.addr = 0xf800, .size = 0x100, .type = PVH_MEM_RESERVED};
    strcpy((char *)memory + TEXT, "mem=64M -- x");
    strcpy((char *)memory + TEXT + 0x100, "module line");
    return si;
}

static u32 put_tag(u32 at, u32 type, const void *body, u32 bytes)
{
    struct mb2_tag t = {type, (u32)sizeof(t) + bytes};

    memcpy(memory + at, &t, sizeof(t));
    if (bytes)
        memcpy(memory + at + sizeof(t), body, bytes);
    return at + (u32)ROUND_UP((u64)t.size, 8);
}

/* The offsets of the tags, in their order, for tests that spoil them. */
static u32 cmdline_tag, module_tag, memmap_tag, end_tag;

static struct mb2_info *build_mb2(void)
{
    struct mb2_info *info = (struct mb2_info *)(memory + INFO);
    struct {
        u32 start, end;
        char cmdline[12];
    } module = {MOD, MOD + 0x123, "module line"};
    struct {
        u32 entry_size, version;
        struct mb2_memmap_entry r[2];
    } map = {24, 0, {{0x800, 0x9000, MB2_MEM_RAM, 0}, {0xf800, 0x100, 2, 0}}};

    memset(memory, 0, BYTES);
    cmdline_tag = INFO + sizeof(*info);
    module_tag = put_tag(cmdline_tag, MB2_TAG_CMDLINE, "mem=64M -- x", 13);
    memmap_tag = put_tag(module_tag, MB2_TAG_MODULE, &module, sizeof(module));
    end_tag = put_tag(memmap_tag, MB2_TAG_MEMMAP, &map, sizeof(map));
    end_tag = put_tag(end_tag, 9, "skipped", 7);
    info->total_size = put_tag(end_tag, MB2_TAG_END, NULL, 0) - INFO;
    return info;
}

static void check_contents(void)
{
    assert_string_equal(b.cmdline, "mem=64M -- x");
    assert_int_equal(b.modules, 1);
    assert_int_equal(b.module[0].start, MOD);
    assert_int_equal(b.module[0].end, MOD + 0x123);
    assert_string_equal(b.module[0].cmdline, "module line");
    assert_int_equal(b.ranges, 2);
    assert_true(b.range[0].ram);
    assert_int_equal(b.range[0].start, 0x1000); /* cut to whole pages */
    assert_int_equal(b.range[0].end, 0x9000);
    assert_false(b.range[1].ram);
    assert_int_equal(b.range[1].start, 0xf000); /* widened to whole pages */
    assert_int_equal(b.range[1].end, 0x10000);
}

static void both_protocols_agree(void **state)
{
    (void)state;
    build_pvh();
    assert_int_equal(pvh_read(&window, INFO, &b), BOOT_OK);
    check_contents();
    assert_int_equal(b.rsdp, 0x7000);
    build_mb2();
    assert_int_equal(mb2_read(&window, INFO, &b), BOOT_OK);
    check_contents();
    assert_int_equal(b.rsdp, 0);
}

static enum boot_error pvh_after(void)
{
    return pvh_read(&window, INFO, &b);
}

static void bad_pvh(void **state)
{
    (void)state;
    build_pvh()->magic++;
    assert_int_equal(pvh_after(), BOOT_MAGIC);
    build_pvh()->version = 0;
    assert_int_equal(pvh_after(), BOOT_NO_MEMMAP);
    build_pvh()->memmap_entries = 0;
    assert_int_equal(pvh_after(), BOOT_NO_MEMMAP);
    build_pvh()->memmap_paddr = BYTES - 25;
    assert_int_equal(pvh_after(), BOOT_TRUNCATED);
    build_pvh()->memmap_paddr = 0;
    assert_int_equal(pvh_after(), BOOT_TRUNCATED);
    build_pvh()->memmap_entries = UINT32_MAX;
    assert_int_not_equal(pvh_after(), BOOT_OK);
    build_pvh()->nr_modules = BOOT_MODULES_MAX + 1;
    assert_int_not_equal(pvh_after(), BOOT_OK);
    build_pvh()->modlist_paddr = UINT64_MAX - 3;
    assert_int_equal(pvh_after(), BOOT_TRUNCATED);
    build_pvh()->cmdline_paddr = BYTES;
    assert_int_equal(pvh_after(), BOOT_TRUNCATED);
    build_pvh();
    ((struct pvh_modlist_entry *)(memory + LIST))->size = BYTES;
    assert_int_equal(pvh_after(), BOOT_TRUNCATED);
    ((struct pvh_modlist_entry *)(memory + LIST))->size = UINT64_MAX;
    assert_int_equal(pvh_after(), BOOT_TRUNCATED);
    assert_int_equal(pvh_read(&window, BYTES - 55, &b), BOOT_TRUNCATED);
    assert_int_equal(pvh_read(&window, 0, &b), BOOT_TRUNCATED);
}

static void command_lines_end(void **state)
{
    struct pvh_start_info *si = build_pvh();

    (void)state;
    memset(memory + TEXT, 'x', BYTES - TEXT); /* no terminator up to the end of memory */
    assert_int_equal(pvh_after(), BOOT_CMDLINE);
    si->cmdline_paddr = BYTES - 10;
    assert_int_equal(pvh_after(), BOOT_TRUNCATED);
    build_mb2();
    ((struct mb2_tag *)(memory + cmdline_tag))->size = 8 + 12; /* without its terminator */
    assert_int_equal(mb2_read(&window, INFO, &b), BOOT_TRUNCATED);
}

static enum boot_error mb2_after(void)
{
    return mb2_read(&window, INFO, &b);
}

static void bad_mb2(void **state)
{
    (void)state;
    build_mb2()->total_size = 7;
    assert_int_equal(mb2_after(), BOOT_MAGIC);
    build_mb2()->total_size = BYTES;
    assert_int_equal(mb2_after(), BOOT_MAGIC);
    build_mb2();
    ((struct mb2_tag *)(memory + cmdline_tag))->size = 7;
    assert_int_equal(mb2_after(), BOOT_TRUNCATED);
    ((struct mb2_tag *)(memory + cmdline_tag))->size = UINT32_MAX;
    assert_int_equal(mb2_after(), BOOT_TRUNCATED);
    build_mb2();
    ((struct mb2_tag *)(memory + module_tag))->size = 15;
    assert_int_equal(mb2_after(), BOOT_TRUNCATED);
    build_mb2();
    ((struct mb2_module *)(memory + module_tag))->end = MOD - 1;
    assert_int_equal(mb2_after(), BOOT_MODULES);
    ((struct mb2_module *)(memory + module_tag))->end = BYTES + 1;
    assert_int_equal(mb2_after(), BOOT_TRUNCATED);
    build_mb2();
    ((struct mb2_memmap *)(memory + memmap_tag))->entry_size = 0;
    assert_int_equal(mb2_after(), BOOT_TRUNCATED);
    ((struct mb2_memmap *)(memory + memmap_tag))->entry_size = 25;
    assert_int_equal(mb2_after(), BOOT_TRUNCATED);
    build_mb2();
    ((struct mb2_tag *)(memory + memmap_tag))->type = 77;
    assert_int_equal(mb2_after(), BOOT_NO_MEMMAP);
    build_mb2();
    ((struct mb2_tag *)(memory + end_tag))->type = 77; /* the walk runs off the end */
    assert_int_equal(mb2_after(), BOOT_TRUNCATED);
    assert_int_equal(mb2_read(&window, INFO + 4, &b), BOOT_TRUNCATED);
}

static void too_many(void **state)
{
    struct boot_module *m;

    (void)state;
    memset(&b, 0, sizeof(b));
    for (unsigned i = 0; i < BOOT_RANGES_MAX; i++)
        assert_int_equal(boot_add_range(&b, i * PAGE_SIZE, PAGE_SIZE, true), BOOT_OK);
    assert_int_equal(boot_add_range(&b, 0, PAGE_SIZE, true), BOOT_RANGES);
    assert_int_equal(boot_add_range(&b, 1, PAGE_SIZE - 1, true), BOOT_OK); /* fills no page: not kept */
    for (unsigned i = 0; i < BOOT_MODULES_MAX; i++)
        assert_int_equal(boot_add_module(&b, 0, 0, &m), BOOT_OK);
    assert_int_equal(boot_add_module(&b, 0, 0, &m), BOOT_MODULES);
}

static void ranges_at_the_top(void **state)
{
    (void)state;
    memset(&b, 0, sizeof(b));
    assert_int_equal(boot_add_range(&b, UINT64_MAX - 100, 50, true), BOOT_OK);
    assert_int_equal(boot_add_range(&b, UINT64_MAX - PAGE_SIZE, UINT64_MAX, false), BOOT_OK);
    for (unsigned i = 0; i < b.ranges; i++)
        assert_true(b.range[i].start < b.range[i].end);
}

/* Any three bytes changed: an answer, and nothing read outside memory. */
static void any_bytes(void **state)
{
    u64 random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        bool multiboot = round & 1;
        struct mb2_info *info = multiboot ? build_mb2() : NULL;
        u32 span = multiboot ? info->total_size : (u32)sizeof(struct pvh_start_info);

        if (!multiboot)
            build_pvh();
        for (int i = 0; i < 3; i++) {
            random = random * 6364136223846793005ull + 1442695040888963407ull;
            memory[INFO + (random >> 33) % span] = (u8)(random >> 25);
        }
        (void)!(multiboot ? mb2_after() : pvh_after());
        assert_true(b.modules <= BOOT_MODULES_MAX && b.ranges <= BOOT_RANGES_MAX);
    }
}

static void messages(void **state)
{
    (void)state;
    for (int e = BOOT_OK; e <= BOOT_NO_MEMMAP; e++)
        assert_string_not_equal(boot_strerror((enum boot_error)e), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_protocols_agree),
        cmocka_unit_test(bad_pvh),
        cmocka_unit_test(command_lines_end),
        cmocka_unit_test(bad_mb2),
        cmocka_unit_test(too_many),
        cmocka_unit_test(ranges_at_the_top),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(messages),
    };

    return cmocka_run_group_tests(tests, make_memory, drop_memory);
}
