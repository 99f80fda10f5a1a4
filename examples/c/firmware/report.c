// What there is of an image to compare, as text.
#include "sample.h"

static void print_number(unsigned long long value, unsigned base, unsigned digits, void (*print)(const char *)) {
    char text[24];
    char *at = text + sizeof text - 1;
    *at = 0;
    do {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0 || text + sizeof text - 1 - at < (ptrdiff_t)digits);
    print(at);
}

void report(const float x[ELEMENTS], void (*print)(const char *text)) {
    // FNV-1a over the bits of the image.
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < ELEMENTS; i++) {
        union {
            float number;
            uint32_t word;
        } bits = {x[i]};
        for (unsigned shift = 0; shift < 32; shift += 8)
            hash = (hash ^ (bits.word >> shift & 0xFF)) * 0x100000001b3;
    }
    print("hash=");
    print_number(hash, 16, 16, print);
    print(" elements=");
    print_number(ELEMENTS, 10, 1, print);
    print(" steps=");
    print_number(sample_steps, 10, 1, print);
}
