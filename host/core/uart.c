/* SPDX-License-Identifier: BSD-2-Clause */
/* uart.c: the registers of a 16550 without an interrupt line, and the text that goes through it (PC16550D). */
#include "uart.h"
#include "vm.h"
#include "port.h"
#include "lib/fmt.h"
#include "lib/str.h"

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define IER_RX         0x01
#define IER_TX         0x02
#define IER_DEFINED    0x0f
#define IIR_NONE       0x01
#define IIR_TX         0x02
#define IIR_RX         0x04
#define IIR_FIFO       0xc0
#define FCR_ENABLE     0x01
#define FCR_CLEAR_RX   0x02
#define LCR_DLAB       0x80
#define MCR_DEFINED    0x1f
#define MCR_LOOP       0x10
#define LSR_RX         0x01
#define LSR_TX_EMPTY   0x60
#define MSR_CONNECTED  0xb0 /* carrier, data set ready, clear to send */
#define DIVISOR_115200 1

#define MARK_MAX 16

void uart_reset(struct uart *u)
{
    *u = (struct uart){.input = -1, .dll = DIVISOR_115200};
}

/* The line so far, with mark and newline, in one piece. */
static void print_line(struct vm *vm)
{
    struct uart *u = &vm->uart;
    char out[MARK_MAX + UART_LINE + 1];
    size_t n = fmt_sn(out, MARK_MAX, "vm%u| ", vm->id);

    memcpy(out + n, u->line, u->length);
    n += u->length;
    out[n++] = '\n';
    u->length = 0;
    port_console_write(out, n);
}

/* A carriage return ends the line unless a newline follows to do so. */
static void send(struct vm *vm, char c)
{
    struct uart *u = &vm->uart;

    if (c == '\r') {
        u->returned = true;
        return;
    }
    if (c == '\n' || (u->returned && u->length) || u->length == UART_LINE)
        print_line(vm);
    u->returned = false;
    if (c != '\n')
        u->line[u->length++] = c;
}

static bool input_ready(struct uart *u)
{
    if (u->input < 0 && !(u->mcr & MCR_LOOP))
        u->input = port_console_read();
    return u->input >= 0;
}

static u8 receive(struct uart *u)
{
    u8 c = input_ready(u) ? (u8)u->input : 0;

    u->input = -1;
    return c;
}

/* Reading it takes the transmitter's interrupt back. */
static u8 interrupt_id(struct uart *u)
{
    u8 fifo = u->fcr & FCR_ENABLE ? IIR_FIFO : 0;

    if ((u->ier & IER_RX) && input_ready(u))
        return fifo | IIR_RX;
    if ((u->ier & IER_TX) && u->sent) {
        u->sent = false;
        return fifo | IIR_TX;
    }
    return fifo | IIR_NONE;
}

/* In loop-back the modem's inputs are our outputs: DTR, RTS, OUT1, OUT2 come in as DSR, CTS, RI, DCD. */
static u8 modem_status(const struct uart *u)
{
    u8 out = u->mcr;

    if (!(out & MCR_LOOP))
        return MSR_CONNECTED;
    return (out & 0x0c) << 4 | (out & 0x02) << 3 | (out & 0x01) << 5;
}

static u8 read_register(struct uart *u, unsigned reg)
{
    switch (reg) {
    case REG_DATA:
        return u->lcr & LCR_DLAB ? u->dll : receive(u);
    case REG_IER:
        return u->lcr & LCR_DLAB ? u->dlm : u->ier;
    case REG_IIR_FCR:
        return interrupt_id(u);
    case REG_LCR:
        return u->lcr;
    case REG_MCR:
        return u->mcr;
    case REG_LSR:
        return LSR_TX_EMPTY | (input_ready(u) ? LSR_RX : 0);
    case REG_MSR:
        return modem_status(u);
    }
    return u->scr;
}

static void write_data(struct vm *vm, u8 value)
{
    struct uart *u = &vm->uart;

    u->sent = true;
    if (u->mcr & MCR_LOOP)
        u->input = value;
    else
        send(vm, (char)value);
}

static void write_register(struct vm *vm, unsigned reg, u8 value)
{
    struct uart *u = &vm->uart;

    switch (reg) {
    case REG_DATA:
        if (u->lcr & LCR_DLAB)
            u->dll = value;
        else
            write_data(vm, value);
        return;
    case REG_IER:
        if (u->lcr & LCR_DLAB) {
            u->dlm = value;
        } else {
            u->sent |= (value & ~u->ier & IER_TX) != 0; /* enabling it makes it pending */
            u->ier = value & IER_DEFINED;
        }
        return;
    case REG_IIR_FCR:
        u->fcr = value & FCR_ENABLE;
        if (value & FCR_CLEAR_RX)
            u->input = -1;
        return;
    case REG_LCR:
        u->lcr = value;
        return;
    case REG_MCR:
        u->mcr = value & MCR_DEFINED;
        return;
    case REG_SCR:
        u->scr = value;
        return;
    }
    /* LSR and MSR are read-only */
}

/* The device is eight bits wide: of a wider access the rest reads as ones. */
void uart_io(struct vm *vm, unsigned reg, struct exit *e)
{
    check(reg <= REG_SCR, "the UART has eight registers");
    spin_lock(&vm->uart.lock);
    if (e->io.write)
        write_register(vm, reg, (u8)e->io.value);
    else
        e->io.value = ~0xffu | read_register(&vm->uart, reg);
    spin_unlock(&vm->uart.lock);
}

void uart_flush(struct vm *vm)
{
    spin_lock(&vm->uart.lock);
    if (vm->uart.length)
        print_line(vm);
    spin_unlock(&vm->uart.lock);
}
