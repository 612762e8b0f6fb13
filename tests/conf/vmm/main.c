/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: the command line of conf-vmm, and the ways it ends. */
#include "vmm.h"
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: conf-vmm [OPTION…] IMAGE [WORD…]\n"
    "Boots a PVH image (ELF64) on /dev/kvm, with WORDs as its command line. The console is port 0x3f8.\n"
    "  --vcpus N        1 to 16 vCPUs; 1\n"
    "  --mem MiB        4 to 3072 of RAM, from 0 on with a hole from 768 to 770 MiB; 64\n"
    "  --features MASK  lets the guest see only these bits of CPUID 0x40000001 EAX\n"
    "  --enforce        … and lets it use no others\n"
    "  --no-apic        without KVM's local APICs\n"
    "  --msrtable       says first, in a line, what the two above come to\n"
    "  --help\n"
    "Exit status: what the guest writes to port 0xf4, at most 123; 124 it was stopped; 125 it could not "
    "run.\n";

static struct vmm vmm;

static void say(const char *why, va_list args)
{
    fflush(stdout);
    fputs("conf-vmm: ", stderr);
    vfprintf(stderr, why, args);
    fputc('\n', stderr);
}

void leave(unsigned status)
{
    fflush(stdout);
    _exit((int)status);
}

void unable(const char *why, ...)
{
    va_list args;

    va_start(args, why);
    say(why, args);
    va_end(args);
    leave(STATUS_UNABLE);
}

void stop(const char *why, ...)
{
    va_list args;

    va_start(args, why);
    say(why, args);
    va_end(args);
    leave(STATUS_STOPPED);
}

static u64 number(const char *option, const char *text, u64 min, u64 max)
{
    char *end;
    u64 n;

    errno = 0;
    n = strtoull(text, &end, 0);
    if (errno || end == text || *end || text[0] == '-' || n < min || n > max)
        unable("--%s %s: not a number from %llu to %llu", option, text, (unsigned long long)min,
               (unsigned long long)max);
    return n;
}

/* The words behind the image, with blanks between them. */
static void join(char **words, char *to, size_t size)
{
    size_t used = 0;

    to[0] = 0;
    for (; *words; words++) {
        int n = snprintf(to + used, size - used, "%s%s", used ? " " : "", *words);

        if ((size_t)n >= size - used)
            unable("the guest's command line is longer than %zu bytes", size - 1);
        used += (size_t)n;
    }
}

static void parse(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"vcpus", required_argument, NULL, 'v'},    {"mem", required_argument, NULL, 'm'},
        {"features", required_argument, NULL, 'f'}, {"enforce", no_argument, NULL, 'e'},
        {"no-apic", no_argument, NULL, 'n'},        {"msrtable", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},           {0}};
    int c;

    *o = (struct options){.vcpus = 1, .mem = 64 * MiB, .features = ~0u, .apic = true};
    while ((c = getopt_long(argc, argv, "+", known, NULL)) != -1) {
        if (c == 'v')
            o->vcpus = (unsigned)number("vcpus", optarg, 1, VCPUS_MAX);
        else if (c == 'm')
            o->mem = number("mem", optarg, MEM_MIN / MiB, MEM_MAX / MiB) * MiB;
        else if (c == 'f')
            o->features = (u32)number("features", optarg, 0, 0xffffffff);
        else if (c == 'e')
            o->enforce = true;
        else if (c == 'n')
            o->apic = false;
        else if (c == 't')
            o->msrtable = true;
        else if (c == 'h')
            exit(fputs(usage, stdout) < 0);
        else
            unable("try --help");
    }
    if (optind == argc)
        unable("no image; try --help");
    if (!o->apic && o->vcpus > 1)
        unable("--no-apic leaves no way to start a second vCPU");
    o->image = argv[optind];
    join(argv + optind + 1, o->words, sizeof(o->words));
}

int main(int argc, char **argv)
{
    parse(argc, argv, &vmm.options);
    setvbuf(stdout, NULL, _IOLBF, 0);
    missing_open(&vmm);
    memory_open(&vmm);
    boot_load(&vmm);
    machine_open(&vmm);
    machine_make(&vmm);
    machine_boot(&vmm);
    if (vmm.options.msrtable)
        printf("MSRTABLE features=0x%x set=0x%x enforce=%d noapic=%d\n", vmm.features_offered,
               vmm.features_seen, vmm.options.enforce, !vmm.options.apic);
    vcpus_run(&vmm);
}
