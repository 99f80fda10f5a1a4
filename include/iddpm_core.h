// iddpm without a heap: schedules, samplers and steps on the caller's memory, in C11 and C++17, freestanding too.
//
// This file is made of the library's source. What a call may be given, and what it does with that, is said at each;
// `# Safety` is what the library cannot check, and the caller must keep. Nothing here allocates, waits or keeps a pointer but
// a sampler that to its table; a call uses nothing but what it is given, from any thread and from interrupts.
//
// The structs whose content is `opaque` are as large as this header says: the library is of the same version.

#ifndef IDDPM_CORE_H
#define IDDPM_CORE_H

#include <stddef.h>
#include <stdint.h>

// The step number of the noise that a run begins with.
#define IDDPM_NOISE_INITIAL 4294967295

// The bytes of a saved sampler.
#define IDDPM_STATE_BYTES 24

// What a call came to: below 0 it failed. Why, `iddpm_last_error` says, or, of a call that is given an
// `iddpm_error`, `iddpm_error_text`. Later versions may have more of them.
typedef enum iddpm_result {
  // It is done.
  IDDPM_OK = 0,
  // It is done, and steps of the run, or pieces of the evaluation, are left.
  IDDPM_MORE = 1,
  // An argument, or an option of a drawing, cannot be what it is.
  IDDPM_ARGUMENT = -1,
  // A file cannot be read.
  IDDPM_FILE = -2,
  // A file is no model, or a model that is broken.
  IDDPM_MODEL = -3,
  // A device cannot be had, cannot do what is asked of it, or is lost.
  IDDPM_DEVICE = -4,
  // There is not as much memory as is needed.
  IDDPM_MEMORY = -5,
  // The network predicted what is no finite number, or was given one.
  IDDPM_NOT_FINITE = -6,
  // Bytes are no saved run, or one of another model.
  IDDPM_SAVED = -7,
  // The run goes no further: it was cancelled, a step of it failed, or all were taken. Or no evaluation is under way.
  IDDPM_ENDED = -8,
  // Another thread is in a call with this handle.
  IDDPM_BUSY = -9,
  // A mistake in the library: the handle's work is lost, and it can only be freed.
  IDDPM_PANIC = -10,
} iddpm_result;

// Why the last call that was given it failed, if it did. It lies in the caller's memory and needs no end.
typedef struct iddpm_error {
  uint64_t opaque[16];
} iddpm_error;

// What a network was trained on: the flags without which its weights mean nothing. All of them are to be set.
typedef struct iddpm_diffusion {
  // How noise grows over the timesteps: "linear", "cosine", "sigmoid" or "sigmoid:START,END,TAU".
  const char *schedule;
  // What the network predicts: "epsilon", "x_start", "previous_x" or "v".
  const char *prediction;
  // The variance of a step: "fixed_small", "fixed_large", "learned" or "learned_range". Where it is learned, the network
  // returns twice as many numbers as an image has.
  const char *variance;
  // The number of timesteps.
  uint32_t num_timesteps;
  // 1 where the network sees a timestep t as 1000 t / `num_timesteps`, 0 where it sees t.
  uint32_t rescale_timesteps;
  // 1 where the schedule is rescaled so that its last timestep is noise alone, else 0.
  uint32_t zero_terminal_snr;
} iddpm_diffusion;

// A step that is kept of a diffusion: an entry of the table that a run walks.
typedef struct iddpm_level {
  // The timestep, counted among all of the diffusion.
  uint32_t timestep;
  // The variance of the noise that is added since the entry before this one.
  double beta;
  // The product of 1 - `beta` up to this entry: the share of the image in the variance of the noisy one.
  double alpha_bar;
} iddpm_level;

// A run over a table of steps: where it stands, and what its steps follow from. It lies in the caller's memory, needs no
// end, and a copy of it is another run. It reads the table that it began with as long as it is used.
typedef struct iddpm_sampler {
  uint64_t opaque[24];
} iddpm_sampler;

// A step that is due: one evaluation of the network, and what it takes to use the result.
typedef struct iddpm_step {
  // The timestep that the network must see, as a rule no whole number.
  float timestep;
  // The number of this evaluation in the run, from 0: the step number of its noise.
  uint32_t position;
  // How many evaluations the run has.
  uint32_t evaluations;
  // Which entry of the table it is; the last is the first that a run takes.
  uint32_t index;
  // 1 where the step adds noise, else 0.
  uint32_t needs_noise;
} iddpm_step;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Returns the version of this interface, 1.
uint32_t iddpm_abi_version(void);

// Writes why the call failed that an error is of: as much as `len` bytes have room for, always ended by 0. Returns the
// bytes that all of it needs; 0 where the last call that was given it did not fail, or where it is set to 0.
//
// # Safety
// `error` is NULL or an error that a call was given, or all its bytes are 0. `out` is NULL and `len` 0, or there are `len`
// bytes at `out`.
size_t iddpm_error_text(const struct iddpm_error *error,
                        char *out,
                        size_t len);

// Fills a table with the steps that are kept of a diffusion, the least noisy first, and sets `len` to how many they are.
// Where `out` is NULL that is all; where there is room for fewer, nothing is written, and the call fails. A program whose
// steps are always the same may keep the table among its constants.
//
// `steps` is how many, evenly strided, as "50", or which: "ddim25", "10,15,20" of each third, "all", "custom:999,500,0", or
// a number behind "early", "leading", "trailing", "linspace" or "quadratic".
//
// # Safety
// `diffusion` leads to one whose texts end by 0, as `steps` does. At `len` there is a number, and at `out`, if it is not
// NULL, room for so many entries. `error` is NULL, or there is room for one.
enum iddpm_result iddpm_levels(const struct iddpm_diffusion *diffusion,
                               const char *steps,
                               struct iddpm_level *out,
                               size_t *len,
                               struct iddpm_error *error);

// Begins a run over a table: of `iddpm_levels`, or among the program's constants. Its entries are checked against each
// other; that they are those of `diffusion`'s schedule is the caller's to see to.
//
// `method` is "ancestral", "ddim", "ddim:ETA", "ddim_reverse", "dpm" or "heun"; `clip` is "unit", "none", "dynamic" or
// "dynamic:RATIO,MAX".
//
// # Safety
// `diffusion` leads to one whose texts end by 0, as `method` and `clip` do. At `levels` there are `count` entries, which
// stay as they are while the sampler is used. At `sampler` there is room for one. `error` is NULL, or there is room for one.
enum iddpm_result iddpm_sampler_init(struct iddpm_sampler *sampler,
                                     const struct iddpm_diffusion *diffusion,
                                     const struct iddpm_level *levels,
                                     size_t count,
                                     const char *method,
                                     const char *clip,
                                     struct iddpm_error *error);

// Says which step is due, `IDDPM_MORE`, or that all were taken, `IDDPM_OK`. It moves nothing: `iddpm_sampler_apply` does.
//
// # Safety
// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. At `step` there is room for one. `error` is NULL, or
// there is room for one.
enum iddpm_result iddpm_sampler_next(const struct iddpm_sampler *sampler,
                                     struct iddpm_step *step,
                                     struct iddpm_error *error);

// Takes the step that is due: the image `x` becomes the next by the network's output. Returns `IDDPM_MORE` while steps are
// left. `output` has as many numbers as `x`, or twice as many where the variance is learned: the prediction of each, then
// the variance of each. `noise` is normal deviates, as many as `x` has, or NULL where the step needs none; `history` is as
// many numbers, of any value before the first step, for "dpm" and "heun", and NULL for the other methods.
//
// A call that fails leaves `x` and the sampler as they were, but for `IDDPM_NOT_FINITE`: then both are spent, and a run goes
// on from where it was saved.
//
// # Safety
// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. There are `len` numbers at `x`, `output_len` at
// `output`, and `len` at each of `noise` and `history` that is not NULL. `error` is NULL, or there is room for one.
enum iddpm_result iddpm_sampler_apply(struct iddpm_sampler *sampler,
                                      float *x,
                                      size_t len,
                                      const float *output,
                                      size_t output_len,
                                      const float *noise,
                                      float *history,
                                      struct iddpm_error *error);

// Writes the prediction of the finished image by the step that is due, clipped: what there is to see on the way. It is
// asked for before the step is applied.
//
// # Safety
// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. There are `len` numbers at `x` and at `out`, and
// `output_len` at `output`. `error` is NULL, or there is room for one.
enum iddpm_result iddpm_sampler_x_start(const struct iddpm_sampler *sampler,
                                        const float *x,
                                        size_t len,
                                        const float *output,
                                        size_t output_len,
                                        float *out,
                                        struct iddpm_error *error);

// Writes where a run stands, `IDDPM_STATE_BYTES` bytes: with `x`, the history and the seed it is all of it.
//
// # Safety
// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. There are `IDDPM_STATE_BYTES` bytes at `out`. `error` is
// NULL, or there is room for one.
enum iddpm_result iddpm_sampler_save(const struct iddpm_sampler *sampler,
                                     uint8_t *out,
                                     struct iddpm_error *error);

// Puts a run where one of the same table, method and clipping was saved.
//
// # Safety
// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. There are `len` bytes at `state`. `error` is NULL, or
// there is room for one.
enum iddpm_result iddpm_sampler_resume(struct iddpm_sampler *sampler,
                                       const uint8_t *state,
                                       size_t len,
                                       struct iddpm_error *error);

// Fills `out` with the normal deviates of a step of a sample, from the element `first` on. A run begins with those of the
// step `IDDPM_NOISE_INITIAL`, and each step that needs noise takes those of its position. A deviate follows from these
// numbers alone, wherever and in whatever pieces it is drawn.
//
// # Safety
// There are `len` numbers at `out`. `error` is NULL, or there is room for one.
enum iddpm_result iddpm_noise(uint64_t seed,
                              uint64_t sample,
                              uint32_t step,
                              uint64_t first,
                              float *out,
                              size_t len,
                              struct iddpm_error *error);

// Moves a network's output for a class away from its output without one, u, to u + `scale` (output - u): by 1 not at all,
// by 2 or 3 further. Of both outputs the first `elements` numbers are the prediction; what follows stays as it is.
//
// # Safety
// There are `len` numbers at `output` and at `without`. `error` is NULL, or there is room for one.
enum iddpm_result iddpm_guide(float scale,
                              size_t elements,
                              const float *without,
                              float *output,
                              size_t len,
                              struct iddpm_error *error);

// Writes an image as bytes: -1 is 0 and 1 is 255. Where a number is not finite nothing is written.
//
// # Safety
// There are `len` numbers at `x`, and `len` bytes at `out`. `error` is NULL, or there is room for one.
enum iddpm_result iddpm_bytes(const float *x,
                              size_t len,
                              uint8_t *out,
                              struct iddpm_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IDDPM_CORE_H */
