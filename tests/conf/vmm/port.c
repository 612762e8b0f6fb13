/* SPDX-License-Identifier: BSD-2-Clause */
/* port.c: the I/O ports: a UART that only sends, the exit port, the test hook. Others read as all ones. */
#include "vmm.h"
#include "abi/platform.h"
#include <stdio.h>
#include <string.h>

#define UART_PORTS    8
#define UART_DATA     0
#define UART_LSR      5
#define UART_LSR_IDLE 0x60 /* nothing to send, nothing being sent */

static u32 read_port(struct vcpu *v, u16 port)
{
    u16 uart = port - PLATFORM_UART_PORT;

    if (uart < UART_PORTS)
        return uart == UART_LSR ? UART_LSR_IDLE : 0;
    if (port >= HOOK_PORT_ID && port < HOOK_PORT_END)
        return hook_in(v->vmm, port);
    return ~0u;
}

static void write_port(struct vcpu *v, u16 port, u32 value)
{
    if (port == PLATFORM_UART_PORT + UART_DATA)
        putchar((int)(value & 0xff));
    else if (port == PLATFORM_EXIT_PORT)
        leave(MIN(value, STATUS_GUEST_MAX));
    else if (port >= HOOK_PORT_ID && port < HOOK_PORT_END)
        hook_out(v, port, value);
}

/* HOOK_SAVE replaces v->run, so nothing of it is used after the last write. */
void port_access(struct vcpu *v)
{
    u8 *data = (u8 *)v->run + v->run->io.data_offset;
    u8 size = v->run->io.size;
    u16 port = v->run->io.port;
    bool out = v->run->io.direction == KVM_EXIT_IO_OUT;

    for (u32 n = v->run->io.count; n; n--, data += size) {
        u32 value = 0;

        if (out) {
            memcpy(&value, data, size);
            write_port(v, port, value);
        } else {
            value = read_port(v, port);
            memcpy(data, &value, size);
        }
    }
}
