// One digit, drawn by a network in flash, which is evaluated in pieces. All memory is this file's.
#include "iddpm_network.h"
#include "network.h"  // of `flash_network`, whose network.S brings the bytes
#include "sample.h"

_Static_assert(IDDPM_NETWORK_IMAGE == ELEMENTS, "the network's images are of another size");

// The digit, and the multiply-adds of a piece: milliseconds, after each of which a watchdog could be fed.
enum { CLASS = 3, PIECE = 1500000 };

const size_t sample_steps = IDDPM_NETWORK_STEPS;

iddpm_result sample(uint64_t seed, float x[ELEMENTS], char *why, size_t why_len) {
    static float workspace[IDDPM_NETWORK_WORKSPACE], output[IDDPM_NETWORK_OUTPUT];
    static float noise[ELEMENTS], history[IDDPM_NETWORK_HISTORY + 1];
    static iddpm_network network;
    iddpm_error error = {0};
    iddpm_sampler sampler;
    iddpm_step step;

    iddpm_result result = iddpm_network_init(&network, iddpm_network_program, IDDPM_NETWORK_PROGRAM_BYTES,
                                             iddpm_network_weights, IDDPM_NETWORK_WEIGHT_BYTES, workspace,
                                             IDDPM_NETWORK_WORKSPACE, NULL, IDDPM_NETWORK_LOW_RES, &error);
    if (result >= 0)
        result = iddpm_sampler_init(&sampler, &IDDPM_NETWORK_MODEL, IDDPM_NETWORK_LEVELS, IDDPM_NETWORK_STEPS,
                                    IDDPM_NETWORK_METHOD, IDDPM_NETWORK_CLIP, &error);
    if (result >= 0) result = iddpm_noise(seed, 0, IDDPM_NOISE_INITIAL, 0, x, ELEMENTS, &error);
    while (result >= 0 && (result = iddpm_sampler_next(&sampler, &step, &error)) == IDDPM_MORE) {
        result = iddpm_network_begin(&network, step.timestep, CLASS, x, ELEMENTS, output, IDDPM_NETWORK_OUTPUT, &error);
        while (result == IDDPM_MORE) result = iddpm_network_advance(&network, PIECE, &error);
        if (result >= 0 && step.needs_noise)
            result = iddpm_noise(seed, 0, step.position, 0, noise, ELEMENTS, &error);
        if (result >= 0)
            result = iddpm_sampler_apply(&sampler, x, ELEMENTS, output, IDDPM_NETWORK_OUTPUT, noise,
                                         IDDPM_NETWORK_HISTORY ? history : NULL, &error);
    }
    if (result < 0) iddpm_error_text(&error, why, why_len);
    return result;
}
