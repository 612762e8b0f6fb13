/* SPDX-License-Identifier: BSD-2-Clause */
/* serial.c: a 16550 in polled mode: 115200 baud, 8 data bits, FIFOs on, no interrupts. */
#include "serial.h"
#include "abi/platform.h"
#include "cpu.h"

#define UART_DATA (PLATFORM_UART_PORT + 0)
#define UART_IER  (PLATFORM_UART_PORT + 1)
#define UART_FCR  (PLATFORM_UART_PORT + 2)
#define UART_LCR  (PLATFORM_UART_PORT + 3)
#define UART_MCR  (PLATFORM_UART_PORT + 4)
#define UART_LSR  (PLATFORM_UART_PORT + 5)

#define UART_FCR_ON_CLEAR 0x07 /* FIFOs on, both emptied */
#define UART_LCR_8N1      0x03
#define UART_LCR_DIVISOR  0x80
#define UART_MCR_DTR_RTS  0x03
#define UART_LSR_RX       0x01
#define UART_LSR_TX_EMPTY 0x20
#define UART_LSR_TX_IDLE  0x40 /* the shift register is empty too */
#define UART_FIFO         16
#define UART_TX_TRIES     100000 /* a port that never drains loses text, it does not stop the host */

void serial_init(void)
{
    out8(UART_IER, 0);
    out8(UART_LCR, UART_LCR_DIVISOR);
    out8(UART_DATA, 1); /* divisor 1: 115200 */
    out8(UART_IER, 0);
    out8(UART_LCR, UART_LCR_8N1);
    out8(UART_FCR, UART_FCR_ON_CLEAR);
    out8(UART_MCR, UART_MCR_DTR_RTS);
}

static void wait_for(u8 state)
{
    for (unsigned i = 0; i < UART_TX_TRIES && !(in8(UART_LSR) & state); i++)
        ;
}

void serial_write(const char *s, size_t n)
{
    while (n) {
        unsigned room = UART_FIFO;

        wait_for(UART_LSR_TX_EMPTY);
        for (; n && room; n--, room--)
            out8(UART_DATA, (u8)*s++);
    }
}

void serial_drain(void)
{
    wait_for(UART_LSR_TX_IDLE);
}

int serial_read(void)
{
    u8 lsr = in8(UART_LSR);

    /* All ones: there is no such port. */
    return lsr != 0xff && lsr & UART_LSR_RX ? in8(UART_DATA) : -1;
}
