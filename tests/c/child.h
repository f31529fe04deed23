/* Things that concern the whole process, tried in a child of it. */
#ifndef AXONPUSH_TESTS_CHILD_H
#define AXONPUSH_TESTS_CHILD_H

#include "check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a child ended, and what it wrote. */
typedef struct outcome {
    int status; /* of waitpid(); -1 when the child had to be killed */
    const char *out, *err;
} outcome;

/* Runs `body` in a forked child, whose exit code is what it returns, by exit(). A child that does not
   end within a minute is killed. */
outcome in_child(int (*body)(void));

/* The same for this program itself, begun anew with `role` as its argument: nothing was used in it yet, and
   valgrind looks away. Its main() asks role_of() first. */
outcome in_role(const char *role);
/* The role that this program was begun in, NULL if it is none. */
const char *role_of(int argc, char **argv);

/* The child ended by exit(code). */
#define CHECK_EXIT(result, code) \
    do { \
        if (!WIFEXITED((result).status) || WEXITSTATUS((result).status) != (code)) { \
            printf("  the child wrote:\n%s%s", (result).out, (result).err); \
        } \
        CHECK((result).status != -1); \
        CHECK(WIFEXITED((result).status)); \
        CHECK_INT(WEXITSTATUS((result).status), (code)); \
    } while (0)

#endif
