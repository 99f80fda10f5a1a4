// The headers before any other: as C11 and as C++17 they need nothing else.
#include "iddpm_network.h"
#include "iddpm.h"

int main(void) {
    iddpm_draw draw;
    return iddpm_draw_init(&draw, sizeof draw) == IDDPM_OK && draw.struct_size == sizeof draw ? 0 : 1;
}
