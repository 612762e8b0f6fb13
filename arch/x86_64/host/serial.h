/* SPDX-License-Identifier: BSD-2-Clause */
/* serial.h: the machine's first serial port, polled. The caller serialises. */
#pragma once
#include "lib/types.h"

void serial_init(void);
void serial_write(const char *s, size_t n);
void serial_drain(void); /* until what was written has left the port */
int serial_read(void);   /* the next byte received, or -1 */
