/* SPDX-License-Identifier: BSD-2-Clause */
/* _pthreadtypes.h: the types of <pthread.h>: rooms, for what lies in them see guest/libc. All zero is a fresh one. */
#pragma once
#include <stddef.h>

typedef unsigned long
    pthread_t; /* never 0; that of a thread that is no more is not used again for a long time */
typedef unsigned pthread_key_t;
typedef unsigned pthread_spinlock_t;

typedef struct {
    long __room[6];
} pthread_mutex_t;

typedef struct {
    long __room[4];
} pthread_cond_t;

typedef struct {
    long __room[14];
} pthread_rwlock_t;

typedef struct {
    long __room[10];
} pthread_barrier_t;

typedef struct {
    long __room[6];
} pthread_once_t;

typedef struct {
    size_t __stack; /* 0 = the usual */
    size_t __guard;
    int __detach;
} pthread_attr_t;

typedef struct {
    int __type;
} pthread_mutexattr_t;

typedef struct {
    int __clock; /* 0 = CLOCK_REALTIME */
} pthread_condattr_t;

typedef struct {
    int __none;
} pthread_rwlockattr_t;

typedef struct {
    int __none;
} pthread_barrierattr_t;
