/* SPDX-License-Identifier: BSD-2-Clause */
/* restore.c: nothing of a partition is believed: each lie in what was saved is refused, and nothing breaks. */
#include "save_rig.h"
#include "lib/crc32.h"

/* The partition as a save left it; each lie starts from it. */
static u8 good[PLACES * PAGE_SIZE];

static struct saved_header *header(void)
{
    return (struct saved_header *)to.data;
}

static int saved(void **state)
{
    setup(state);
    guest_writes((gfn_t){FIRST}, 1);
    guest_writes(module_gfn(3), 1);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, WORLD_SLOT(0) | APF_EN_ON | APF_EN_INT), OUTCOME_DONE);
    save(SAVE_STOP);
    memcpy(good, to.data, sizeof(good));
    return 0;
}

static void restores(enum restore_error e)
{
    assert_int_equal(boot_again(), e);
    assert_true(strlen(restore_strerror(e)) > 5);
}

/* Whatever is there now, a checksum that fits is no excuse. */
static void lie(enum restore_error e)
{
    struct saved_header *h = header();

    if (e != RESTORE_NEVER && h->state.page < PLACES && h->state.bytes < sizeof(good))
        h->state.crc = crc32(0, to.data + h->state.page * PAGE_SIZE, h->state.bytes);
    for (unsigned i = 0; i < MIN(h->slots, SLOTS); i++)
        if (h->slot[i].index.page < PLACES && h->slot[i].index.bytes < sizeof(good) / 2)
            h->slot[i].index.crc =
                crc32(0, to.data + h->slot[i].index.page * PAGE_SIZE, h->slot[i].index.bytes);
    h->crc = saved_header_crc(h);
    restores(e);
    memcpy(to.data, good, sizeof(good));
}

static void truth(void **state)
{
    (void)state;
    lie(RESTORE_OK);
}

#define LIE(field, value, error) \
    do {                         \
        header()->field = value; \
        lie(error);              \
    } while (0)

static void headers(void **state)
{
    (void)state;
    LIE(magic, SAVED_MAGIC + 1, RESTORE_NEVER);
    LIE(version, SAVED_VERSION + 1, RESTORE_VERSION);
    LIE(end, PLACES + 1, RESTORE_TRUNCATED);
    LIE(end, ~0ull, RESTORE_TRUNCATED);
    LIE(end, header()->state.page, RESTORE_DAMAGED);
    LIE(vcpus, 0, RESTORE_DAMAGED);
    LIE(vcpus, VCPU_MAX + 1, RESTORE_DAMAGED);
    LIE(apf, FL_APF_DUAL + 1, RESTORE_DAMAGED);
    LIE(asker, 2, RESTORE_DAMAGED);
    LIE(asked_by_port, 1, RESTORE_DAMAGED); /* which nobody had */
    LIE(pv_lax, 2, RESTORE_DAMAGED);
    LIE(hook, 2, RESTORE_DAMAGED);
    LIE(slots, SLOTS + 1, RESTORE_DAMAGED);
    LIE(tsc_khz, 0, RESTORE_DAMAGED);
    LIE(tsc_khz, fake.tsc_khz * 2, RESTORE_CLOCK);
    LIE(state.bytes, 1, RESTORE_DAMAGED);
    LIE(state.page, 1, RESTORE_DAMAGED);
    LIE(state.page, ~0ull, RESTORE_DAMAGED);
    LIE(slot[0].pages, 0, RESTORE_DAMAGED);
    LIE(slot[0].pages, ~0ull, RESTORE_DAMAGED);
    LIE(slot[0].pages, 255, RESTORE_DAMAGED);
    LIE(slot[0].base, ~0ull, RESTORE_DAMAGED);
    LIE(slot[0].id, SLOT_APIC_PAGE, RESTORE_DAMAGED);
    LIE(slot[0].id, SLOT_HOOK, RESTORE_DAMAGED); /* which are of one page */
    LIE(slot[0].read_only, 1, RESTORE_DAMAGED);
    LIE(slot[1].base, 5, RESTORE_DAMAGED); /* on the other one */
    LIE(slot[1].index.page, 0, RESTORE_DAMAGED);
    LIE(slot[1].index.page, header()->end, RESTORE_DAMAGED);
    memset(header()->slot[1].source, 'x', SAVED_NAME);
    lie(RESTORE_DAMAGED);
}

static struct saved_vcpu *vcpu0(void)
{
    return &((struct saved_state *)(to.data + header()->state.page * PAGE_SIZE))->vcpu[0];
}

static void vcpus(void **state)
{
    (void)state;
    vcpu0()->state = SAVED_WAIT_SIPI + 1;
    lie(RESTORE_DAMAGED);
    vcpu0()->sipi = SIPI_NONE + 1;
    lie(RESTORE_DAMAGED);
    vcpu0()->init = 2;
    lie(RESTORE_DAMAGED);
    vcpu0()->nmi = 2;
    lie(RESTORE_DAMAGED);
    vcpu0()->lapic.base &= ~APIC_BASE_ENABLE;
    lie(RESTORE_DAMAGED);
    vcpu0()->lapic.tpr = 0x100;
    lie(RESTORE_DAMAGED);
    vcpu0()->lapic.svr = 0x200;
    lie(RESTORE_DAMAGED);
    vcpu0()->apf_en |= BIT(4);
    lie(RESTORE_DAMAGED);
    vcpu0()->apf_vec |= BIT(40);
    lie(RESTORE_DAMAGED);
    vcpu0()->apf_en = WORLD_HOLE | APF_EN_ON | APF_EN_INT; /* where there was memory when it was written */
    lie(RESTORE_OK);
    vcpu0()->steal_msr = PV_STEAL_ON | BIT(1);
    lie(RESTORE_DAMAGED);
    vcpu0()->eoi_msr = PV_EOI_ON | BIT(1);
    lie(RESTORE_DAMAGED);
    vcpu0()->poll_msr = BIT(1);
    lie(RESTORE_DAMAGED);
    vcpu0()->kicked = 2;
    lie(RESTORE_DAMAGED);
    vcpu0()->due = DUE_EOI;
    lie(RESTORE_DAMAGED);
    vcpu0()->eoi_msr = PV_EOI_ON;
    vcpu0()->due = DUE_STEAL;
    lie(RESTORE_DAMAGED);
    vcpu0()->eoi_msr = PV_EOI_ON;
    vcpu0()->due = DUE_EOI_LOOK; /* and nothing is in service */
    lie(RESTORE_DAMAGED);
    vcpu0()->eoi_msr = PV_EOI_ON;
    vcpu0()->due = DUE_EOI_LOOK;
    vcpu0()->lapic.isr[2] = vcpu0()->lapic.isr[3] = 1;
    lie(RESTORE_DAMAGED);
    vcpu0()->eoi_msr = PV_EOI_ON;
    vcpu0()->due = DUE_EOI_LOOK;
    vcpu0()->lapic.isr[2] = 4;
    lie(RESTORE_OK);
    vcpu0()->hw[0] ^= 1;
    lie(RESTORE_DAMAGED);
    ((struct saved_state *)(to.data + header()->state.page * PAGE_SIZE))->uart.length = UART_LINE + 1;
    lie(RESTORE_DAMAGED);
}

static u32 *index_of(unsigned slot)
{
    return (u32 *)(to.data + header()->slot[slot].index.page * PAGE_SIZE);
}

static void indices(void **state)
{
    (void)state;
    index_of(0)[3] = 1; /* a header */
    lie(RESTORE_DAMAGED);
    index_of(0)[255] = (u32)header()->end;
    lie(RESTORE_DAMAGED);
    index_of(0)[255] = SAVED_SOURCE; /* anonymous memory has none */
    lie(RESTORE_DAMAGED);
    index_of(1)[127] = SAVED_SOURCE;
    lie(RESTORE_OK);
}

/* One bit anywhere in what is not memory. */
static void checksums(void **state)
{
    const struct saved_header h = *header();
    const struct saved_run *const runs[] = {&h.state, &h.slot[0].index, &h.slot[1].index};

    (void)state;
    for (u64 at = sizeof(h.magic); at < PAGE_SIZE; at += 97) {
        to.data[at] ^= 0x10;
        restores(RESTORE_DAMAGED);
        memcpy(to.data, good, sizeof(good));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(runs); i++) {
        to.data[runs[i]->page * PAGE_SIZE + runs[i]->bytes - 1] ^= 0x10;
        restores(RESTORE_DAMAGED);
        memcpy(to.data, good, sizeof(good));
    }
}

/* Of two that are valid the newer one; of a valid one and ruins, the valid one. */
static void two_headers(void **state)
{
    struct saved_header *second = (struct saved_header *)(to.data + PAGE_SIZE);

    (void)state;
    *second = *header();
    second->sequence++;
    second->crc = saved_header_crc(second);
    restores(RESTORE_OK);
    assert_int_equal(vm->saved.place, 1);
    header()->sequence += 2;
    header()->crc = saved_header_crc(header());
    restores(RESTORE_OK);
    assert_int_equal(vm->saved.place, 0);
    header()->crc++;
    restores(RESTORE_OK);
    assert_int_equal(vm->saved.place, 1);
    second->version++;
    restores(RESTORE_DAMAGED);
}

static void a_partition_without_room(void **state)
{
    (void)state;
    to.store.bytes = PAGE_SIZE - 1;
    restores(RESTORE_NEVER);
    to.store.bytes = 0;
    restores(RESTORE_NEVER);
    to.store.bytes = PLACES * PAGE_SIZE;
}

static void memory_runs_out(void **state)
{
    struct saved_header h;
    struct store *source[SLOTS] = {NULL, &world.module.store};
    enum restore_error e = RESTORE_NO_MEMORY;
    unsigned place;

    (void)state;
    for (unsigned n = 1; e; n++) {
        restores(RESTORE_OK);
        struct vm_config config = vm->config;

        fake_disk_finish_all();
        vm_destroy(vm);
        vm = world.vm = vm_create(0, &config, &world.swap.store);
        fake_disk.prompt = 256;
        fake_fail_allocation(n);
        e = restore_find(&to.store, &h, &place);
        if (!e)
            e = restore_vm(vm, &to.store, &h, place, source);
        fake.fail_at = 0;
        fake_disk.prompt = 0;
        save_offer(vm, &to.store);
        assert_true(e == RESTORE_NO_MEMORY || e == RESTORE_OK);
        assert_true(n < 20);
    }
}

/* Guest memory whose page cannot be read stops the VM, as that of a module does. */
static void an_unreadable_page(void **state)
{
    (void)state;
    restores(RESTORE_OK);
    fake_disk_finish_all(); /* the page of the APF slot */
    fault_handle(v, gfn_gpa((gfn_t){FIRST}), ACCESS_READ);
    assert_int_equal(fake_disk.count, 1);
    fake_disk_finish(0, 1);
    assert_int_equal(vm->status, VM_STATUS_STORE_ERROR);
    assert_non_null(strstr(fake.console, "read of gpa 0x10000 failed: store 'save', block "));
}

/* Last, for the store is not asked again: it does not answer, and an answer that is late finds nobody. */
static void silent(void **state)
{
    struct saved_header h;
    unsigned place;

    (void)state;
    fake_disk.prompt = 0;
    fake_disk.room = 0;
    fake.tick = 1000000000;
    assert_int_equal(restore_find(&to.store, &h, &place), RESTORE_STORE);
    fake_disk.room = FAKE_QUEUE;
    assert_int_equal(restore_find(&to.store, &h, &place), RESTORE_STORE);
    assert_int_equal(fake_disk.count, 1);
    fake.tick = 0;
    fake_disk_finish_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(truth, saved, end),
        cmocka_unit_test_setup_teardown(headers, saved, end),
        cmocka_unit_test_setup_teardown(vcpus, saved, end),
        cmocka_unit_test_setup_teardown(indices, saved, end),
        cmocka_unit_test_setup_teardown(checksums, saved, end),
        cmocka_unit_test_setup_teardown(two_headers, saved, end),
        cmocka_unit_test_setup_teardown(a_partition_without_room, saved, end),
        cmocka_unit_test_setup_teardown(memory_runs_out, saved, end),
        cmocka_unit_test_setup_teardown(an_unreadable_page, saved, end),
        cmocka_unit_test_setup_teardown(silent, saved, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
