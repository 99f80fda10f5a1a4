// The header alone, before any other: as C11 and as C++17 it needs nothing else.
#include "iddpm.h"
// As it stands beside the others.
#include "iddpm_network.h"

int main(void) {
    iddpm_draw draw;
    return iddpm_draw_init(&draw, sizeof draw) == IDDPM_OK && draw.struct_size == sizeof draw ? 0 : 1;
}
