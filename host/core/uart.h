/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.h: the guest's 16550 at 0x3f8: whole lines to the console, each marked with its VM; input by polling.
 *
 * It is always ready to send and has no interrupt line. A carriage return ends a line as well, so that whatever a
 * guest prints, its text never stands at the beginning of a console line without the mark.
 */
#pragma once
#include "exit.h"
#include "lib/lock.h"

#define UART_LINE 256 /* a longer line is printed in pieces */

struct vm;

struct uart {
    struct spinlock lock; /* guards what follows: a line is put together by one CPU at a time */
    u8 ier, lcr, mcr, scr, dll, dlm, fcr;
    bool sent;     /* the "transmitter empty" interrupt would be pending */
    bool returned; /* the last character was a carriage return */
    int input;     /* one byte of input, -1 = none */
    unsigned length;
    char line[UART_LINE];
};

void uart_reset(struct uart *u);
/* One access to port 0x3f8 + reg, reg 0 … 7. Any CPU. */
void uart_io(struct vm *vm, unsigned reg, struct exit *e);
/* Print what has been written without a newline (the VM ends). */
void uart_flush(struct vm *vm);
