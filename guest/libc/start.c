/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.c: the way into main(): its arguments and its environment are the words of the command line.
 *
 * Words are separated by blanks. As in a shell, '…' keeps what is in it, "…" all but a backslash before one of \ ' ",
 * and outside of both a backslash keeps any character; GRUB writes words the same way. `env.NAME=VALUE` is not an
 * argument but sets a variable, `argv0=NAME` the program's name.
 */
#include "os.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 64 /* the program's name included; further words are dropped */
#define ENV_MAX  32 /* likewise */

#define ENV_PREFIX  "env."
#define NAME_PREFIX "argv0="

int main(int argc, char **argv, char **env);
/* The program's constructors; both libraries have it, and declare it in no header that both have. */
void __libc_init_array(void);

/* The length of the prefix if it is one; there is something behind it. */
static size_t has_prefix(const char *word, const char *prefix)
{
    size_t n = strlen(prefix);

    return !strncmp(word, prefix, n) && word[n] ? n : 0;
}

static bool keeps(char quote, char next)
{
    return quote == '"' ? next == '\\' || next == '\'' || next == '"' : !quote && next;
}

/* Takes the quotes out of the word at *line, ends it, and moves *line behind it. */
static char *word_take(char **line)
{
    char *from = *line, *word = from, *to = from, quote = 0;

    for (; *from && (quote || *from != ' '); from++) {
        if (*from == '\\' && keeps(quote, from[1]))
            *to++ = *++from;
        else if (quote ? *from == quote : *from == '\'' || *from == '"')
            quote = quote ? 0 : *from;
        else
            *to++ = *from;
    }
    *line = *from ? from + 1 : from;
    *to = 0;
    return word;
}

static int split(char *line, char **argv, char **env)
{
    int argc = 1, envc = 0;

    for (;;) {
        char *word;
        size_t n;

        while (*line == ' ')
            line++;
        if (!*line)
            break;
        word = word_take(&line);
        if ((n = has_prefix(word, ENV_PREFIX)) && strchr(word + n + 1, '=')) {
            if (envc < ENV_MAX)
                env[envc++] = word + n;
        } else if ((n = has_prefix(word, NAME_PREFIX))) {
            argv[0] = word + n;
        } else if (argc < ARGS_MAX) {
            argv[argc++] = word;
        }
    }
    argv[argc] = env[envc] = NULL;
    return argc;
}

void os_main(char *cmdline)
{
    static char name[] = "guest";
    char *argv[ARGS_MAX + 1], *env[ENV_MAX + 1];
    int argc;

    argv[0] = name;
    argc = split(cmdline, argv, env);
    if (*env) /* else it points to an empty one of the library's, on a page that need not be touched */
        environ = env;
    __libc_init_array();
    os_main_begins();
    exit(main(argc, argv, env));
}
