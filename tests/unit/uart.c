/* SPDX-License-Identifier: BSD-2-Clause */
/* uart.c: tests of the guest's 16550: its registers, and how its output becomes marked lines. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "fake/machine.h"
#include "vm.h"

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

static struct vm vm;

static int setup(void **state)
{
    fake_setup(state);
    vm = (struct vm){.id = 3};
    uart_reset(&vm.uart);
    return 0;
}

static void out(unsigned reg, u8 value)
{
    struct exit e = {.kind = EXIT_IO, .io = {.port = 0x3f8 + reg, .size = 1, .write = true, .value = value}};

    uart_io(&vm, reg, &e);
}

static u8 in(unsigned reg)
{
    struct exit e = {.kind = EXIT_IO, .io = {.port = 0x3f8 + reg, .size = 1}};

    uart_io(&vm, reg, &e);
    assert_int_equal(e.io.value >> 8, 0xffffff); /* nobody drives the other lanes */
    return (u8)e.io.value;
}

static void print(const char *s)
{
    while (*s)
        out(DATA, (u8)*s++);
}

static void lines_are_marked_and_whole(void **state)
{
    (void)state;
    print("hello");
    assert_int_equal(fake.console_writes, 0);
    print(" world\n");
    assert_string_equal(fake.console, "vm3| hello world\n");
    assert_int_equal(fake.console_writes, 1);
    print("\n");
    assert_string_equal(fake.console, "vm3| hello world\nvm3| \n");
    assert_int_equal(fake.console_writes, 2);
}

static void carriage_returns(void **state)
{
    (void)state;
    print("dos\r\n");
    assert_string_equal(fake.console, "vm3| dos\n");
    fake_console_clear();
    print("10%\r20%\r");
    assert_string_equal(fake.console, "vm3| 10%\n");
    print("\r\r\n");
    assert_string_equal(fake.console, "vm3| 10%\nvm3| 20%\n");
    fake_console_clear();
    print("\rhost| not me\n");
    assert_string_equal(fake.console, "vm3| host| not me\n");
}

static void long_lines_come_in_pieces(void **state)
{
    char want[2 * UART_LINE + 64] = "vm3| ";

    (void)state;
    for (unsigned i = 0; i < UART_LINE; i++)
        out(DATA, 'a');
    assert_int_equal(fake.console_writes, 0);
    print("b\n");
    memset(want + strlen(want), 'a', UART_LINE);
    strcat(want, "\nvm3| b\n");
    assert_string_equal(fake.console, want);
    assert_int_equal(fake.console_writes, 2);
    fake_console_clear();
    for (unsigned i = 0; i < UART_LINE; i++)
        out(DATA, 'a');
    print("\r\n"); /* exactly full: one line */
    assert_int_equal(fake.console_writes, 1);
}

static void flush_prints_the_rest(void **state)
{
    (void)state;
    uart_flush(&vm);
    assert_int_equal(fake.console_writes, 0);
    print("bye");
    uart_flush(&vm);
    assert_string_equal(fake.console, "vm3| bye\n");
    uart_flush(&vm);
    assert_int_equal(fake.console_writes, 1);
}

static void input_is_polled(void **state)
{
    (void)state;
    assert_int_equal(in(LSR), 0x60);
    assert_int_equal(in(DATA), 0);
    fake.input = "ab";
    assert_int_equal(in(LSR), 0x61);
    assert_int_equal(in(LSR), 0x61);
    assert_int_equal(in(DATA), 'a');
    assert_int_equal(in(DATA), 'b');
    assert_int_equal(in(LSR), 0x60);
    fake.input = "c";
    in(LSR);
    out(IIR_FCR, 0x03); /* clears the receiver */
    assert_int_equal(in(LSR), 0x60);
}

static void registers(void **state)
{
    (void)state;
    assert_int_equal(in(LCR), 0);
    assert_int_equal(in(MSR), 0xb0);
    out(SCR, 0xa5);
    assert_int_equal(in(SCR), 0xa5);
    out(IER, 0xff);
    assert_int_equal(in(IER), 0x0f);
    out(MCR, 0xeb);
    assert_int_equal(in(MCR), 0x0b);
    assert_int_equal(in(MSR), 0xb0);
    out(LSR, 0);
    out(MSR, 0);
    assert_int_equal(in(LSR), 0x60);
    assert_int_equal(in(MSR), 0xb0);
    out(LCR, 0x83);
    assert_int_equal(in(LCR), 0x83);
    assert_int_equal(in(DATA), 1);
    out(DATA, 0x34);
    out(IER, 0x12);
    assert_int_equal(in(DATA), 0x34);
    assert_int_equal(in(IER), 0x12);
    out(LCR, 0x03);
    assert_int_equal(in(IER), 0x0f);
    assert_int_equal(in(LCR), 0x03);
    assert_int_equal(in(MCR), 0x0b);
    assert_int_equal(in(SCR), 0xa5); /* no write went to a neighbour */
    uart_flush(&vm);
    assert_int_equal(fake.console_writes, 0); /* the divisor was not printed */
}

/* Enabled and pending conditions show in IIR although no interrupt line carries them. */
static void interrupt_identification(void **state)
{
    (void)state;
    assert_int_equal(in(IIR_FCR), 0x01);
    out(IIR_FCR, 0x01);
    assert_int_equal(in(IIR_FCR), 0xc1);
    out(IER, 0x02);
    assert_int_equal(in(IIR_FCR), 0xc2);
    assert_int_equal(in(IIR_FCR), 0xc1);
    out(DATA, 'x');
    assert_int_equal(in(IIR_FCR), 0xc2);
    fake.input = "i";
    out(DATA, 'x');
    assert_int_equal(in(IIR_FCR), 0xc2);
    out(IER, 0x03);
    assert_int_equal(in(IIR_FCR), 0xc4);
    in(DATA);
    assert_int_equal(in(IIR_FCR), 0xc1);
}

/* How drivers find out that this is a UART. */
static void loopback(void **state)
{
    (void)state;
    fake.input = "typed";
    out(MCR, 0x10);
    assert_int_equal(in(LSR), 0x60);
    out(DATA, 0xae);
    assert_int_equal(in(LSR), 0x61);
    assert_int_equal(in(DATA), 0xae);
    out(DATA, 0); /* a NUL is a character too */
    assert_int_equal(in(LSR), 0x61);
    assert_int_equal(in(DATA), 0);
    assert_int_equal(in(LSR), 0x60);
    static const u8 status[16] = {0x00, 0x20, 0x10, 0x30, 0x40, 0x60, 0x50, 0x70,
                                  0x80, 0xa0, 0x90, 0xb0, 0xc0, 0xe0, 0xd0, 0xf0};
    for (unsigned i = 0; i < 16; i++) {
        out(MCR, 0x10 | i);
        assert_int_equal(in(MSR), status[i]);
    }
    out(MCR, 0x0b);
    assert_int_equal(in(DATA), 't');
    uart_flush(&vm);
    assert_int_equal(fake.console_writes, 0);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        test(lines_are_marked_and_whole), test(carriage_returns), test(long_lines_come_in_pieces),
        test(flush_prints_the_rest),      test(input_is_polled),  test(registers),
        test(interrupt_identification),   test(loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
