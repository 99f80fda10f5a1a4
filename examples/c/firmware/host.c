// The firmware's image on the host: the same source, with the library of the host.
#include <stdio.h>
#include <stdlib.h>

#include "sample.h"

static void print(const char *text) {
    fputs(text, stdout);
}

int main(void) {
    static float x[ELEMENTS];
    char why[160];
    if (sample(7, x, why, sizeof why) < 0) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    report(x, print);
    putchar('\n');

    // The image as text, for whoever looks at it.
    uint8_t bytes[ELEMENTS];
    if (iddpm_bytes(x, ELEMENTS, bytes, NULL) < 0) return 1;
    for (size_t i = 0; i < ELEMENTS; i++)
        fprintf(stderr, "%c%s", " .:-=+*#%@"[bytes[i] * 10 / 256], (i + 1) % SIDE ? "" : "\n");
    return 0;
}
