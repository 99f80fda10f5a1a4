// What the firmware and a program on the host have in common: one image, drawn without a heap, by sample.c or by network.c.
#ifndef SAMPLE_H
#define SAMPLE_H

#include "iddpm_core.h"

enum { SIDE = 16, ELEMENTS = SIDE * SIDE };

// The steps that it is drawn in.
extern const size_t sample_steps;

// Draws the image of a seed. Where it fails, `why` has the error's text.
iddpm_result sample(uint64_t seed, float x[ELEMENTS], char *why, size_t why_len);

// Prints an image as what there is of it to compare, "hash=... elements=... steps=...", by a function for texts.
void report(const float x[ELEMENTS], void (*print)(const char *text));

#endif
