// Draws a sword with the shipped sprites' network: sprite [MODEL [CLASS]] writes sprite.pam, RGBA.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

static void fail(const char *file) {
    perror(file);
    exit(1);
}

// A picture with its transparency, as most viewers and converters read it.
static void write_pam(const char *path, const uint8_t *rgba, uint32_t width, uint32_t height) {
    FILE *file = fopen(path, "wb");
    if (!file) fail(path);
    fprintf(file, "P7\nWIDTH %" PRIu32 "\nHEIGHT %" PRIu32 "\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", width,
            height);
    size_t len = (size_t)width * height * 4;
    size_t written = fwrite(rgba, 1, len, file);
    if (fclose(file) != 0 || written != len) fail(path);
}

int main(int argc, char **argv) {
    iddpm_model *model;
    check(iddpm_model_open(argc > 1 ? argv[1] : IDDPM_SPRITES, &model));
    iddpm_info info;
    check(iddpm_model_info(model, &info, sizeof info));
    iddpm_studio *studio;
    check(iddpm_model_on(model, NULL, 0, &studio));  // the best device there is

    iddpm_draw draw;
    check(iddpm_draw_init(&draw, sizeof draw));
    draw.class_name = argc > 2 ? argv[2] : "sword";
    draw.seed = 7;
    iddpm_run *run;
    check(iddpm_run_begin(studio, &draw, &run));
    iddpm_result result;
    while ((result = iddpm_run_advance(run, 1000000)) == IDDPM_MORE)
        fprintf(stderr, "%3.0f %%\n", 100.0 * (double)iddpm_run_fraction(run));
    check(result);

    size_t stride = (size_t)info.width * 4, len = stride * info.height;
    uint8_t *rgba = malloc(len);
    if (!rgba) fail("sprite.pam");
    check(iddpm_run_pixels(run, 0, rgba, stride, len));
    write_pam("sprite.pam", rgba, info.width, info.height);

    free(rgba);
    iddpm_run_free(run);
    iddpm_studio_free(studio);
    iddpm_model_free(model);
    return 0;
}
