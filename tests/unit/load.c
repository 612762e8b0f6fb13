/* SPDX-License-Identifier: BSD-2-Clause */
/* load.c: tests of the guest loader: what a good image becomes in memory, and that no bad one does harm. */
#include "guest_ram.h"
#include "fake/machine.h"
#include "hw.h"
#include "load.h"
#include "vm.h"
#include "abi/pvh.h"
#include <stdlib.h>

/* A guest image: ELF header, program headers, PVH note, contents of the segments. */
struct image {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
    struct {
        u32 type, flags;
        u64 offset, vaddr, paddr, filesz, memsz, align;
    } ph[3];
    struct {
        u32 namesz, descsz, type;
        char name[4];
        u32 entry;
    } note;
    u8 text[64], data[32];
};

#define TEXT 0x10000
#define DATA 0x12ff0 /* across two pages */
#define BSS  0x40

static const struct image good = {
    .ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
    .type = 2,
    .machine = 62,
    .version = 1,
    .phoff = offsetof(struct image, ph),
    .ehsize = 64,
    .phentsize = 56,
    .phnum = 3,
    .ph =
        {{.type = 4, .offset = offsetof(struct image, note), .filesz = 20, .memsz = 20},
         {.type = 1, .offset = offsetof(struct image, text), .paddr = TEXT, .filesz = 64, .memsz = 64},
         {.type = 1, .offset = offsetof(struct image, data), .paddr = DATA, .filesz = 32, .memsz = 32 + BSS}},
    .note = {.namesz = 4, .descsz = 4, .type = PVH_NOTE_ENTRY, .name = "Xen", .entry = TEXT + 4},
    .text = "text",
    .data = "data",
};

static struct vm vm;
static struct vcpu vcpu;

static int setup(void **state)
{
    fake_setup(state);
    ram_reset();
    memset(&vm, 0, sizeof(vm));
    memset(&vcpu, 0, sizeof(vcpu));
    vm.config.memory = 32 * PAGE_SIZE;
    vm.vcpu[0] = &vcpu;
    vm.vcpus = 1;
    slots_init(&vm);
    *vm.slots = (struct slots){.count = 3, .at = {&vm.slot[0], &vm.slot[2], &vm.slot[1]}};
    vm.slot[0] = (struct slot){.base = {0}, .pages = 32};
    vm.slot[1] = (struct slot){.base = {0x100000}, .pages = 7};
    vm.slot[2] =
        (struct slot){.base = {0x200000}, .pages = 1, .id = SLOT_APIC_PAGE}; /* no guest's business */
    vcpu.vm = &vm;
    return hw_vcpu_init(&vcpu) ? 0 : -1;
}

static int teardown(void **state)
{
    hw_vcpu_free(&vcpu);
    return fake_teardown(state);
}

/* From a copy of exactly n bytes, so that a read behind its end is noticed. */
static enum load_error load(const void *image, size_t n, const char *cmdline)
{
    void *copy = malloc(n ? n : 1);
    enum load_error e;

    memcpy(copy, image, n);
    e = load_guest(&vm, copy, n, cmdline, NULL, 0);
    free(copy);
    return e;
}

static enum load_error load_image(const struct image *i)
{
    return load(i, sizeof(*i), NULL);
}

static const char *text_at(u64 at)
{
    return (const char *)ram.byte + at;
}

static void segments_and_start(void **state)
{
    static const u8 zero[BSS];

    (void)state;
    assert_int_equal(load_image(&good), LOAD_OK);
    assert_memory_equal(ram.byte + TEXT, good.text, sizeof(good.text));
    assert_memory_equal(ram.byte + DATA, good.data, sizeof(good.data));
    assert_memory_equal(ram.byte + DATA + 32, zero, BSS);
    assert_int_equal(vcpu.hw->entry, TEXT + 4);
    assert_int_equal(vcpu.hw->start_info, LOAD_INFO);
}

static void start_information(void **state)
{
    const struct load_module module[] = {{.at = {0x100000000}, .bytes = 0x6123, .cmdline = "first"},
                                         {.at = {0x200000000}, .bytes = 1}};
    struct pvh_start_info info;
    struct pvh_memmap_entry map[2];
    struct pvh_modlist_entry list[2];

    (void)state;
    assert_int_equal(load_guest(&vm, &good, sizeof(good), "a=1 b=2", module, 2), LOAD_OK);
    memcpy(&info, ram.byte + vcpu.hw->start_info, sizeof(info));
    assert_int_equal(info.magic, PVH_START_MAGIC);
    assert_int_equal(info.version, 1);
    assert_int_equal(info.flags, 0);
    assert_int_equal(info.rsdp_paddr, 0);
    assert_string_equal(text_at(info.cmdline_paddr), "a=1 b=2");

    assert_int_equal(info.memmap_entries, 2);
    assert_int_equal(info.memmap_paddr & 7, 0);
    memcpy(map, ram.byte + info.memmap_paddr, sizeof(map));
    assert_int_equal(map[0].addr, 0);
    assert_int_equal(map[0].size, 32 * PAGE_SIZE);
    assert_int_equal(map[0].type, PVH_MEM_RAM);
    assert_int_equal(map[1].addr, 0x100000000);
    assert_int_equal(map[1].size, 7 * PAGE_SIZE);
    assert_int_equal(map[1].type, PVH_MEM_RAM);

    assert_int_equal(info.nr_modules, 2);
    assert_int_equal(info.modlist_paddr & 7, 0);
    memcpy(list, ram.byte + info.modlist_paddr, sizeof(list));
    assert_int_equal(list[0].paddr, 0x100000000);
    assert_int_equal(list[0].size, 0x6123);
    assert_string_equal(text_at(list[0].cmdline_paddr), "first");
    assert_int_equal(list[1].paddr, 0x200000000);
    assert_int_equal(list[1].size, 1);
    assert_int_equal(list[1].cmdline_paddr, 0);
}

static void as_many_modules_as_slots(void **state)
{
    struct load_module module[SLOT_MAX + 1] = {{.bytes = 0}};
    struct pvh_start_info info;

    (void)state;
    assert_int_equal(load_guest(&vm, &good, sizeof(good), NULL, module, SLOT_MAX), LOAD_OK);
    memcpy(&info, ram.byte + LOAD_INFO, sizeof(info));
    assert_int_equal(info.nr_modules, SLOT_MAX);
    expect_assert_failure(
        assert_int_equal(load_guest(&vm, &good, sizeof(good), NULL, module, SLOT_MAX + 1), LOAD_OK));
}

static void nothing_to_say(void **state)
{
    struct pvh_start_info info;

    (void)state;
    assert_int_equal(load_image(&good), LOAD_OK);
    memcpy(&info, ram.byte + LOAD_INFO, sizeof(info));
    assert_int_equal(info.cmdline_paddr, 0);
    assert_int_equal(info.nr_modules, 0);
    assert_int_equal(info.modlist_paddr, 0);
}

/* The longest command line ends where the start information must; nothing is written behind. */
static void command_line_limit(void **state)
{
    static char line[LOAD_INFO_END];
    const struct load_module module = {.at = {0x100000000}, .bytes = 1, .cmdline = line};
    size_t most = 0;

    (void)state;
    for (size_t n = LOAD_INFO_END - LOAD_INFO - 256; n < LOAD_INFO_END - LOAD_INFO + 8; n++) {
        enum load_error e;

        memset(line, 'x', n);
        line[n] = 0;
        e = load(&good, sizeof(good), line);
        if (!e)
            most = n;
        assert_int_equal(e, most == n ? LOAD_OK : LOAD_CMDLINE);
        assert_int_equal(ram.byte[LOAD_INFO_END], 0);
    }
    assert_int_equal(most, LOAD_INFO_END - LOAD_INFO - sizeof(struct pvh_start_info) -
                               2 * sizeof(struct pvh_memmap_entry) - 1);
    assert_int_equal(load_guest(&vm, &good, sizeof(good), NULL, &module, 1), LOAD_CMDLINE);
}

static void not_an_image(void **state)
{
    struct image i = good;

    (void)state;
    assert_int_equal(load("#!/bin/sh\n", 10, NULL), LOAD_NOT_ELF);
    assert_int_equal(load("", 0, NULL), LOAD_NOT_ELF);
    i.ident[4] = 1; /* 32 bits */
    assert_int_equal(load_image(&i), LOAD_NOT_ELF);
    i = good;
    i.machine = 183;
    assert_int_equal(load_image(&i), LOAD_NOT_ELF);
    i = good;
    i.phnum = 1; /* the note alone */
    assert_int_equal(load_image(&i), LOAD_SEGMENTS);
    i = good;
    i.ph[2].filesz = i.ph[2].memsz + 1;
    i.ph[2].offset = 0;
    assert_int_equal(load_image(&i), LOAD_SEGMENTS);
    i = good;
    i.note.type = 1;
    assert_int_equal(load_image(&i), LOAD_NO_PVH);
    assert_int_equal(vcpu.hw->entry, 0);
}

static void truncated_anywhere(void **state)
{
    (void)state;
    for (size_t n = 0; n < offsetof(struct image, data) + sizeof(good.data); n++) {
        enum load_error e = load(&good, n, NULL);

        assert_int_equal(e, n < 4 ? LOAD_NOT_ELF : LOAD_TRUNCATED);
    }
}

static void outside_memory(void **state)
{
    static const u64 at[] = {32 * PAGE_SIZE, 32 * PAGE_SIZE - 95, 0x100000000,
                             ~0ull - 31,     ~0ull - 95,          BIT(63)};
    struct image i;

    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(at); n++) {
        i = good;
        i.ph[2].paddr = at[n];
        assert_int_equal(load_image(&i), LOAD_OUTSIDE);
    }
    i = good;
    i.ph[2].paddr = 32 * PAGE_SIZE - 96;
    assert_int_equal(load_image(&i), LOAD_OK);
    i.ph[2].memsz = ~0ull;
    assert_int_equal(load_image(&i), LOAD_OUTSIDE);
    i = good;
    i.note.entry = 0x11000;
    assert_int_equal(load_image(&i), LOAD_OUTSIDE);
    i = good;
    i.ph[1].paddr = 0;
    i.ph[2].paddr = 0x400;
    i.note.entry = 4;
    assert_int_equal(load_image(&i), LOAD_OK);
    vm.config.memory = LOAD_INFO_END - 1; /* room for the image, not for the start information */
    assert_int_equal(load_image(&i), LOAD_OUTSIDE);
}

/* The start information's pages are not the image's. */
static void under_the_start_information(void **state)
{
    static const struct {
        u64 paddr, memsz;
        enum load_error e;
    } place[] = {
        {LOAD_INFO - 32, 32, LOAD_OK}, {LOAD_INFO - 32, 33, LOAD_OUTSIDE},
        {LOAD_INFO, 32, LOAD_OUTSIDE}, {LOAD_INFO_END - 1, 32, LOAD_OUTSIDE},
        {LOAD_INFO_END, 32, LOAD_OK},  {0, LOAD_INFO_END + 1, LOAD_OUTSIDE},
    };

    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(place); n++) {
        struct image i = good;

        i.ph[2].paddr = place[n].paddr;
        i.ph[2].memsz = place[n].memsz;
        assert_int_equal(load_image(&i), place[n].e);
    }
}

static void store_errors(void **state)
{
    const struct load_module module = {.at = {0x100000000}, .bytes = 1, .cmdline = "m"};
    unsigned n;

    (void)state;
    for (n = 1;; n++) {
        ram.loads = 0;
        ram.fail_load_at = n;
        if (load_guest(&vm, &good, sizeof(good), "c", &module, 1) == LOAD_OK)
            break;
        assert_int_equal(load_guest(&vm, &good, sizeof(good), "c", &module, 1), LOAD_OK);
        ram.loads = 0;
        assert_int_equal(load_guest(&vm, &good, sizeof(good), "c", &module, 1), LOAD_STORE);
    }
    assert_int_equal(n, 8); /* two segments, map, list and its text, command line, start information */
}

/* Every field at its extremes, then random bytes: an answer of the enum each time, no access out of bounds. */
static void hostile_images(void **state)
{
    static const u64 extreme[] = {0,          1,          0x7f,       0x7fff,    0xffff,
                                  0x7fffffff, 0xffffffff, 1ull << 63, ~0ull - 1, ~0ull};
    const size_t headers = offsetof(struct image, text);
    u32 seed = 12345;

    (void)state;
    for (size_t at = 4; at < headers; at++)
        for (unsigned x = 0; x < ARRAY_SIZE(extreme); x++)
            for (size_t width = 1; width <= 8 && at + width <= headers; width *= 2) {
                struct image i = good;

                memcpy((u8 *)&i + at, &extreme[x], width);
                assert_string_not_equal(load_strerror(load_image(&i)), "unknown error");
            }
    for (unsigned n = 0; n < 100000; n++) {
        struct image i = good;

        for (unsigned k = 0; k < 3; k++) {
            seed = seed * 1664525 + 1013904223;
            ((u8 *)&i)[4 + (seed >> 8) % (headers - 4)] = seed >> 24;
        }
        assert_string_not_equal(load_strerror(load_image(&i)), "unknown error");
    }
}

static void every_error_has_a_text(void **state)
{
    (void)state;
    for (enum load_error e = LOAD_OK; e <= LOAD_STORE; e++)
        for (enum load_error f = LOAD_OK; f <= LOAD_STORE; f++)
            assert_int_equal(strcmp(load_strerror(e), load_strerror(f)) == 0, e == f);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(segments_and_start), test(start_information),  test(as_many_modules_as_slots),
        test(nothing_to_say),     test(command_line_limit), test(not_an_image),
        test(truncated_anywhere), test(outside_memory),     test(under_the_start_information),
        test(store_errors),       test(hostile_images),     test(every_error_has_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
