/* SPDX-License-Identifier: BSD-2-Clause */
/* random.h: random bytes as Linux and the BSDs offer them; ENOSYS where the CPU has no source of them. */
#pragma once
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GRND_NONBLOCK 1u
#define GRND_RANDOM   2u
#define GRND_INSECURE 4u

ssize_t getrandom(void *__buf, size_t __bytes, unsigned __flags);
int getentropy(void *__buf, size_t __bytes);

#ifdef __cplusplus
}
#endif
