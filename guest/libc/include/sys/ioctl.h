/* SPDX-License-Identifier: BSD-2-Clause */
/* ioctl.h: no device here has any control: ioctl() always fails with ENOTTY. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#define TIOCGWINSZ 0x5413
#define FIONREAD   0x541b
#define FIONBIO    0x5421

struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

int ioctl(int fd, unsigned long request, ...);

#ifdef __cplusplus
}
#endif
