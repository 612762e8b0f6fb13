/* SPDX-License-Identifier: BSD-2-Clause */
/* types.h: the integer names used everywhere, and one type for each address space so that they cannot be mixed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

typedef struct {
    u64 v;
} gva_t; /* guest virtual address */
typedef struct {
    u64 v;
} gpa_t; /* guest physical address */
typedef struct {
    u64 v;
} hpa_t; /* host physical address */
typedef struct {
    u64 v;
} gfn_t; /* guest frame number: gpa >> 12 */
typedef struct {
    u64 v;
} pfn_t; /* host frame number: hpa >> 12 */

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (PAGE_SIZE - 1)

static inline gfn_t gpa_gfn(gpa_t a)
{
    return (gfn_t){a.v >> PAGE_SHIFT};
}

static inline gpa_t gfn_gpa(gfn_t f)
{
    return (gpa_t){f.v << PAGE_SHIFT};
}

static inline pfn_t hpa_pfn(hpa_t a)
{
    return (pfn_t){a.v >> PAGE_SHIFT};
}

static inline hpa_t pfn_hpa(pfn_t f)
{
    return (hpa_t){f.v << PAGE_SHIFT};
}

#define KiB                           1024ul
#define MiB                           (1024 * KiB)
#define GiB                           (1024 * MiB)
#define BIT(n)                        (1ul << (n))
#define ARRAY_SIZE(a)                 (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)                     ((a) < (b) ? (a) : (b))
#define MAX(a, b)                     ((a) > (b) ? (a) : (b))
#define ROUND_UP(x, align)            (((x) + (align)-1) & ~((__typeof__(x))(align)-1))
#define ROUND_DOWN(x, align)          ((x) & ~((__typeof__(x))(align)-1))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define CACHE_LINE                    64

#define always_inline           inline __attribute__((always_inline))
#define off_path                __attribute__((cold, noinline)) /* costs its callers next to nothing if not called */
#define must_check              __attribute__((warn_unused_result))
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))
