/* SPDX-License-Identifier: BSD-2-Clause */
/* uart.c: the 16550 as console, polled (PC16550D data sheet, section 8). */
#include "abi/platform.h"
#include "arch.h"
#include "cpu.h"
#include "karch.h"

enum { UART_DATA, UART_IER, UART_FCR, UART_LCR, UART_MCR, UART_LSR };

#define FCR_ENABLE_CLEAR 0x07
#define LCR_8N1          0x03
#define LCR_DIVISOR      0x80
#define MCR_DTR_RTS      0x03
#define LSR_RECEIVED     0x01
#define LSR_EMPTY        0x20
#define DIVISOR_115200   1
#define FIFO_SIZE        16
#define NO_UART          0xff

static enum { UNKNOWN, ABSENT, PRESENT } state;
static unsigned room = FIFO_SIZE; /* of a transmitter that is empty */
static bool mid_line;

static u8 get(unsigned reg)
{
    return in8((u16)(PLATFORM_UART_PORT + reg));
}

static void put(unsigned reg, u8 v)
{
    out8((u16)(PLATFORM_UART_PORT + reg), v);
}

/* At first use: a kernel that is not asked to say anything gets to main() sooner. */
static bool ready(void)
{
    if (state != UNKNOWN)
        return state == PRESENT;
    state = get(UART_LSR) == NO_UART ? ABSENT : PRESENT;
    put(UART_IER, 0);
    put(UART_LCR, LCR_DIVISOR | LCR_8N1);
    put(UART_DATA, DIVISOR_115200);
    put(UART_IER, 0);
    put(UART_LCR, LCR_8N1);
    /* Switching the FIFOs on drops what has come; if something has, they stay off. */
    if (state == PRESENT && get(UART_LSR) & LSR_RECEIVED)
        room = 1;
    else
        put(UART_FCR, FCR_ENABLE_CLEAR);
    put(UART_MCR, MCR_DTR_RTS);
    return state == PRESENT;
}

/* An empty transmitter takes a whole FIFO, so that one look at the status serves 16 characters. */
void karch_con_write(const char *text, size_t n)
{
    for (size_t i = 0; ready() && i < n; i++) {
        if (i % room == 0)
            while (!(get(UART_LSR) & LSR_EMPTY))
                at_relax();
        put(UART_DATA, (u8)text[i]);
        mid_line = text[i] != '\n';
    }
}

void karch_con_fresh_line(void)
{
    if (mid_line)
        karch_con_write("\n", 1);
}

int karch_con_read(void)
{
    return ready() && get(UART_LSR) & LSR_RECEIVED ? get(UART_DATA) : -1;
}
