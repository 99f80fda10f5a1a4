// The door in C inside Godot 3, as a GDNative library: a sprite of each class, asked for by a scene's script.
//
// A script calls a procedure by its name (`GDNative.call_native("standard_varcall", ...)`), which returns a variant. These
// take no arguments and return whole numbers, so that a struct is all that is needed of Godot's own declarations.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "iddpm.h"

// Godot 3's variant: a type, and 16 bytes of value from its eighth byte on.
typedef struct variant {
    uint32_t type, padding;
    int64_t value;
    uint64_t unused;
} variant;

#define EXPORT __attribute__((visibility("default")))

static iddpm_model *model;
static iddpm_studio *studio;
static iddpm_run *run;
static iddpm_info info;
static uint8_t *rgba;
static size_t size;
// Of the next sprite its class, which is its number too; of the next pixel its first byte.
static uint32_t next_class;
static size_t next_byte;

static variant whole(int64_t value) {
    variant returned = {.type = 2, .value = value};
    return returned;
}

// A result as the script has it, below 0 where it failed; then why is printed.
static variant result(iddpm_result came_to) {
    if (came_to < 0) {
        char why[1024];
        iddpm_last_error(why, sizeof why);
        fprintf(stderr, "iddpm: %s\n", why);
    }
    return whole(came_to);
}

EXPORT void godot_gdnative_init(void *options) { (void)options; }

EXPORT void godot_gdnative_terminate(void *options) {
    (void)options;
    iddpm_run_free(run);
    iddpm_studio_free(studio);
    iddpm_model_free(model);
    free(rgba);
}

// Opens the model that IDDPM_MODEL of the environment names.
EXPORT variant open_model(void *arguments) {
    (void)arguments;
    iddpm_result came_to = iddpm_model_open(getenv("IDDPM_MODEL"), &model);
    if (came_to == IDDPM_OK) came_to = iddpm_model_info(model, &info, sizeof info);
    if (came_to == IDDPM_OK) came_to = iddpm_model_on(model, "cpu", 0, &studio);
    size = (size_t)info.width * info.height * 4;
    rgba = malloc(size);
    return rgba ? result(came_to) : whole(IDDPM_MEMORY);
}

// Begins the sprite of the next class.
EXPORT variant begin(void *arguments) {
    (void)arguments;
    iddpm_run_free(run);
    run = NULL;
    char name[64];
    iddpm_draw draw;
    iddpm_result came_to = iddpm_draw_init(&draw, sizeof draw);
    if (came_to != IDDPM_OK) return result(came_to);
    iddpm_model_class_name(model, next_class, name, sizeof name);
    draw.class_name = name;
    draw.first = next_class++;
    draw.seed = 7;
    return result(iddpm_run_begin(studio, &draw, &run));
}

EXPORT variant classes(void *arguments) {
    (void)arguments;
    return whole(info.classes);
}

EXPORT variant width(void *arguments) {
    (void)arguments;
    return whole(info.width);
}

EXPORT variant height(void *arguments) {
    (void)arguments;
    return whole(info.height);
}

// Advances by what a frame has to spare, 4 ms: 1 while steps are left.
EXPORT variant advance(void *arguments) {
    (void)arguments;
    return result(iddpm_run_advance(run, 4000));
}

// Looks at the sprite as it will be: `pixel` gives out its pixels from the first on.
EXPORT variant look(void *arguments) {
    (void)arguments;
    next_byte = 0;
    return result(iddpm_run_preview(run, 0, rgba, (size_t)info.width * 4, size));
}

// The next pixel as one number, red in its highest byte; -1 behind the last.
EXPORT variant pixel(void *arguments) {
    (void)arguments;
    if (next_byte >= size) return whole(-1);
    const uint8_t *at = rgba + next_byte;
    next_byte += 4;
    return whole((int64_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3]);
}
