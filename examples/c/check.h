// What both programs do where a call failed.
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "iddpm.h"

// Ends the program by the sentence of what failed.
static inline void check(iddpm_result result) {
    if (result < 0) {
        char why[1024];
        iddpm_last_error(why, sizeof why);
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

#endif
