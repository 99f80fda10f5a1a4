// One 16x16 image in 10 of 1000 steps, as a program without a heap draws it. All memory is this file's.
#include "sample.h"

enum { STEPS = 10 };
const size_t sample_steps = STEPS;

// What the network was trained on.
static const iddpm_diffusion DIFFUSION = {
    .schedule = "cosine",
    .prediction = "epsilon",
    .variance = "learned_range",
    .num_timesteps = 1000,
    .rescale_timesteps = 1,
};

// The network, in flash: at each of the ten steps, the least noisy first, a line from x to the noise in it, and the variance.
// Its weights are those of the best network there can be for pixels that are each normal around 0.25 with the variance 0.04
// (`GaussianData` in Rust), so that nothing had to be trained to have something to draw.
static const struct {
    float slope, offset, variance;
} WEIGHTS[STEPS] = {
    {0.160473f, -0.040117424f, -0.7087894f}, {2.5399284f, -0.6239606f, 0.82125604f},
    {2.2143857f, -0.51815444f, -0.21408087f}, {1.7655696f, -0.3802064f, -0.6178205f},
    {1.4611646f, -0.27801287f, -0.7739424f}, {1.2639928f, -0.20162258f, -0.84541404f},
    {1.1367983f, -0.14095856f, -0.8824402f}, {1.0574913f, -0.08965309f, -0.90284735f},
    {1.013913f, -0.043630373f, -0.9139182f}, {1.0f, -1.232063e-5f, -0.9188344f},
};

// A network sees `step.timestep`; this one has a row for each step.
static void network(const iddpm_step *step, const float x[ELEMENTS], float output[2 * ELEMENTS]) {
    for (size_t i = 0; i < ELEMENTS; i++) {
        float product = WEIGHTS[step->index].slope * x[i];
        output[i] = product + WEIGHTS[step->index].offset;
        output[ELEMENTS + i] = WEIGHTS[step->index].variance;
    }
}

iddpm_result sample(uint64_t seed, float x[ELEMENTS], char *why, size_t why_len) {
    static iddpm_level levels[STEPS];
    static float output[2 * ELEMENTS], noise[ELEMENTS];
    iddpm_error error = {0};
    iddpm_sampler sampler;
    iddpm_step step;
    size_t count = STEPS;

    iddpm_result result = iddpm_levels(&DIFFUSION, "10", levels, &count, &error);
    if (result >= 0) result = iddpm_sampler_init(&sampler, &DIFFUSION, levels, count, "ancestral", "unit", &error);
    if (result >= 0) result = iddpm_noise(seed, 0, IDDPM_NOISE_INITIAL, 0, x, ELEMENTS, &error);
    while (result >= 0 && (result = iddpm_sampler_next(&sampler, &step, &error)) == IDDPM_MORE) {
        network(&step, x, output);
        if (step.needs_noise) result = iddpm_noise(seed, 0, step.position, 0, noise, ELEMENTS, &error);
        if (result >= 0)
            result = iddpm_sampler_apply(&sampler, x, ELEMENTS, output, 2 * ELEMENTS, noise, NULL, &error);
    }
    if (result < 0) iddpm_error_text(&error, why, why_len);
    return result;
}
