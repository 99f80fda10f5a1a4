// A game's loop: 60 frames a second, in each of which a run gets 4 ms: frames [MODEL [MILLISECONDS]].
// It prints how long `iddpm_run_advance` took, frame by frame, and how far the longest went beyond its budget: by at most
// one operation of the network, the longest of which a run without a budget has shown before.
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"

#define BARS 64

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

// Sleeps until then, as a host that waits for its display does.
static void sleep_until(double then) {
    double left = then - milliseconds();
    if (left > 0) {
        struct timespec time = {(time_t)(left / 1e3), (long)(left * 1e6) % 1000000000L};
        nanosleep(&time, NULL);
    }
}

// Milliseconds of the longest operation: without time an advance is one.
static double longest_operation(iddpm_run *run) {
    double longest = 0;
    iddpm_result result;
    do {
        double before = milliseconds();
        result = iddpm_run_advance(run, 0);
        double took = milliseconds() - before;
        check(result);
        if (took > longest) longest = took;
    } while (result == IDDPM_MORE);
    return longest;
}

int main(int argc, char **argv) {
    char *end = "";
    double budget = argc > 2 ? strtod(argv[2], &end) : 4.0;
    if (*end || !(budget >= 0.0 && budget <= 1000.0)) {
        fprintf(stderr, "frames: MILLISECONDS %s: from 0 to 1000\n", argv[2]);
        return 1;
    }
    iddpm_model *model;
    iddpm_studio *studio;
    iddpm_run *run;
    iddpm_draw draw;
    check(iddpm_model_open(argc > 1 ? argv[1] : IDDPM_SPRITES, &model));
    check(iddpm_model_on(model, NULL, 0, &studio));
    check(iddpm_draw_init(&draw, sizeof draw));
    check(iddpm_run_begin(studio, &draw, &run));
    double operation = longest_operation(run);
    iddpm_run_free(run);
    check(iddpm_run_begin(studio, &draw, &run));

    const double frame = 1000.0 / 60.0;
    unsigned frames = 0, bars[BARS] = {0};
    double longest = 0, total = 0, begun = milliseconds();
    iddpm_result result;
    do {
        double before = milliseconds();
        result = iddpm_run_advance(run, (uint32_t)(budget * 1e3));
        double took = milliseconds() - before;
        check(result);
        bars[took < BARS - 1 ? (int)took : BARS - 1]++;
        if (took > longest) longest = took;
        total += took;
        frames++;
        sleep_until(begun + frames * frame);
    } while (result == IDDPM_MORE);

    printf("milliseconds  frames\n");
    for (int bar = 0; bar < BARS; bar++)
        if (bars[bar]) printf("%5d%s %12u\n", bar, bar == BARS - 1 ? " or more" : "        ", bars[bar]);
    printf("%u frames, %.1f ms of work; the longest took %.2f ms, %.2f ms beyond its %.2f ms; the longest operation %.2f ms\n",
           frames, total, longest, longest > budget ? longest - budget : 0.0, budget, operation);
    iddpm_run_free(run);
    iddpm_studio_free(studio);
    iddpm_model_free(model);
    return 0;
}
