// What threads may do at once: a model used by four, each with a studio and a run of its own; a run begun by one and drawn
// by another; a run that two call at once, of which one is told to wait. ThreadSanitizer looks on.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../examples/c/check.h"

#define THREADS 4
#define SIDE 32
#define BYTES (SIDE * SIDE * 4)

static iddpm_model *model;
static unsigned char drawn[THREADS + 2][BYTES];
// Whether a call met the run that another thread holds.
static atomic_int was_met;

static iddpm_run *begin(const char *steps) {
    iddpm_studio *studio;
    iddpm_run *run;
    iddpm_draw draw;
    check(iddpm_model_on(model, "cpu", 1, &studio));
    check(iddpm_draw_init(&draw, sizeof draw));
    draw.steps = steps;
    check(iddpm_run_begin(studio, &draw, &run));
    iddpm_studio_free(studio);
    return run;
}

// Draws a run to its end in slices, and waits where another thread is in a call with it.
static void finish(iddpm_run *run) {
    iddpm_result result;
    do {
        result = iddpm_run_advance(run, 1000);
        if (result != IDDPM_BUSY) check(result);
    } while (result != IDDPM_OK);
}

static void *draws(void *out) {
    iddpm_run *run = begin("3");
    finish(run);
    check(iddpm_run_pixels(run, 0, out, SIDE * 4, BYTES));
    iddpm_run_free(run);
    return NULL;
}

static void *goes_on(void *run) {
    finish(run);
    return NULL;
}

// Is in a call with the run, all but the moments between two of them, until another call has met it there.
static void *holds(void *run) {
    while (!was_met) {
        iddpm_result result = iddpm_run_advance(run, 100000);
        if (result != IDDPM_BUSY) check(result);
        if (result == IDDPM_OK) {
            fprintf(stderr, "threads: all steps were taken, and no call was refused\n");
            exit(1);
        }
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*call)(void *), void *with) {
    if (pthread_create(thread, NULL, call, with)) abort();
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    check(iddpm_model_open(argv[1], &model));
    pthread_t threads[THREADS], one, other;
    for (int at = 0; at < THREADS; at++) start(&threads[at], draws, drawn[at]);
    for (int at = 0; at < THREADS; at++) pthread_join(threads[at], NULL);

    iddpm_run *handed = begin("3"), *shared = begin("3"), *held = begin("1000");
    start(&one, goes_on, handed);
    pthread_join(one, NULL);
    check(iddpm_run_pixels(handed, 0, drawn[THREADS], SIDE * 4, BYTES));
    start(&one, goes_on, shared);
    start(&other, goes_on, shared);
    pthread_join(one, NULL);
    pthread_join(other, NULL);
    check(iddpm_run_pixels(shared, 0, drawn[THREADS + 1], SIDE * 4, BYTES));

    iddpm_result result;
    char why[64];
    size_t bytes;
    start(&one, holds, held);
    while ((result = iddpm_run_save(held, NULL, &bytes)) != IDDPM_BUSY) check(result);
    iddpm_last_error(why, sizeof why);
    was_met = 1;
    pthread_join(one, NULL);
    if (strcmp(why, "run: another thread is in a call with it")) {
        fprintf(stderr, "threads: a run in use is refused by \"%s\"\n", why);
        return 1;
    }
    iddpm_run_free(held);
    iddpm_run_free(handed);
    iddpm_run_free(shared);
    iddpm_model_free(model);
    for (int at = 1; at < THREADS + 2; at++)
        if (memcmp(drawn[0], drawn[at], BYTES)) {
            fprintf(stderr, "threads: drawing %d is another\n", at);
            return 1;
        }
    return 0;
}
