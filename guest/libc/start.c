/* SPDX-License-Identifier: BSD-2-Clause */
/* start.c: the way into main(): its arguments are the words of the command line. */
#include "os.h"
#include <stdlib.h>

#define ARGS_MAX 64 /* the program's name included; further words are dropped */

int main(int argc, char **argv);
/* The program's constructors; both libraries have it, and declare it in no header that both have. */
void __libc_init_array(void);

static int split(char *line, char **argv)
{
    int argc = 1;

    while (argc < ARGS_MAX) {
        while (*line == ' ')
            line++;
        if (!*line)
            break;
        argv[argc++] = line;
        while (*line && *line != ' ')
            line++;
        if (*line)
            *line++ = 0;
    }
    return argc;
}

void os_main(char *cmdline)
{
    static char name[] = "guest";
    static char *argv[ARGS_MAX + 1] = {name};
    int argc = split(cmdline, argv);

    __libc_init_array();
    os_main_begins();
    exit(main(argc, argv));
}
