// The microcontroller's side of the sample, for Cortex-M: reset, the stack's depth, text and exit by semihosting. In this
// folder, for a Cortex-M4F:
//   cargo build --release --manifest-path library/Cargo.toml --target thumbv7em-none-eabihf
//   clang --target=thumbv7em-none-eabihf -mcpu=cortex-m4 -std=c11 -I../../../include -ffreestanding -ffp-contract=off -Os -c sample.c report.c firmware.c
//   ld.lld --gc-sections -T firmware.ld --defsym FLASH_SIZE=4M --defsym RAM_SIZE=4M sample.o report.o firmware.o
//       library/target/thumbv7em-none-eabihf/release/libiddpm_firmware.a -o firmware.elf
// A digit by a network in flash, for a Cortex-M7: network.c in place of sample.c, with -I of the folder that `flash_network`
// wrote, its network.S, -mcpu=cortex-m7, and the library built with --features network.
// -ffp-contract=off is for the network in sample.c: fused, its products and sums would have other bits than the host's.
#include "sample.h"

extern uint32_t __data_load, __data_start, __data_end, __bss_start, __bss_end, __stack_low, __stack_top;

enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18 };
enum { EXIT_WELL = 0x20026, EXIT_ERROR = 0x20023 };
static const uint32_t PAINT = 0xC5C5C5C5;

// What the debugger, or the emulator, does for a program.
static void semihost(uint32_t operation, uint32_t argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register uint32_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void print(const char *text) {
    semihost(SYS_WRITE0, (uint32_t)(uintptr_t)text);
}

static _Noreturn void finish(uint32_t reason) {
    for (;;) semihost(SYS_EXIT, reason);
}

static void print_decimal(uint32_t value) {
    char text[11];
    char *at = text + sizeof text - 1;
    *at = 0;
    do {
        *--at = (char)('0' + value % 10);
    } while (value /= 10);
    print(at);
}

static int run(void) {
    static float x[ELEMENTS];
    char why[160];
    if (sample(7, x, why, sizeof why) < 0) {
        print(why);
        print("\n");
        return 0;
    }
    report(x, print);
    return 1;
}

_Noreturn void reset(void) {
#ifdef __ARM_FP
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;  // the floating-point unit is off at reset
    __asm__ volatile("dsb\n isb");
#endif
    const uint32_t *from = &__data_load;
    for (uint32_t *to = &__data_start; to < &__data_end; to++) *to = *from++;
    for (uint32_t *to = &__bss_start; to < &__bss_end; to++) *to = 0;
    // What the stack has never reached keeps the paint. A frame's own room lies above.
    volatile uint32_t *here = (volatile uint32_t *)__builtin_frame_address(0) - 64;
    for (volatile uint32_t *at = &__stack_low; at < here; at++) *at = PAINT;

    if (!run()) finish(EXIT_ERROR);
    const volatile uint32_t *deepest = &__stack_low;
    while (deepest < &__stack_top && *deepest == PAINT) deepest++;
    print(" stack=");
    print_decimal((uint32_t)((const volatile char *)&__stack_top - (const volatile char *)deepest));
    print("\n");
    finish(EXIT_WELL);
}

static _Noreturn void fault(void) {
    print("fault\n");
    finish(EXIT_ERROR);
}

// The stack's top, then what the processor goes to at reset and at the faults; nothing else interrupts.
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handlers[15])(void);
} VECTORS = {&__stack_top, {reset, fault, fault, fault, fault, fault}};
