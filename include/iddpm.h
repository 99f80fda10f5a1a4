// iddpm: images drawn by diffusion, in C11 and C++17.
//
// This file is made of the library's source. What a call may be given, and what it does with that, is said at each;
// `# Safety` is what the library cannot check, and the caller must keep.
//
// Threads: a model may be used by any number of them at once. A studio, a run and a plane are used by one at a time,
// whichever; a call beside another is refused as IDDPM_BUSY. Runs of one studio are apart from each other, and from it; a
// plane that draws a tile uses its studio. None may be freed while a call with it is under way.

#ifndef IDDPM_H
#define IDDPM_H

#include "iddpm_core.h"

// A model: a trained network with all that is known of it. Any number of threads may use it at once.
typedef struct iddpm_model iddpm_model;

// A picture without end. One thread uses it at a time, and its studio with it, whose handle it needs no more.
typedef struct iddpm_plane iddpm_plane;

// Images on their way. One thread uses it at a time; it needs its studio no more, nor its model.
typedef struct iddpm_run iddpm_run;

// A model on a device, ready to draw. One thread uses it at a time.
typedef struct iddpm_studio iddpm_studio;

// What a model draws, and of how many classes. Later versions may have more at its end.
typedef struct iddpm_info {
  // The size of this struct in bytes, as the caller knows it.
  size_t struct_size;
  // Pixels of an image from left to right.
  uint32_t width;
  // Pixels of an image from top to bottom.
  uint32_t height;
  // 1: grey, 2: grey and alpha, 3: colours, 4: colours and alpha. In pixels that are given out it is always RGBA.
  uint32_t channels;
  // The number of classes; 0 for a network without.
  uint32_t classes;
  // Pixels from left to right of the pictures that it enlarges; 0 for a network that enlarges none.
  uint32_t low_res_width;
  // Pixels from top to bottom of the pictures that it enlarges; 0 for a network that enlarges none.
  uint32_t low_res_height;
} iddpm_info;

// What is to be drawn, and how. `iddpm_draw_init` fills it with the usual drawing; a text or a pointer that is NULL is
// not given. Everything that it points to must stay until the call with it returns, and no longer. Later versions may have
// more at its end.
typedef struct iddpm_draw {
  // The size of this struct in bytes: `iddpm_draw_init` sets it.
  size_t struct_size;
  // What all noise follows from: the same seed, the same images.
  uint64_t seed;
  // The number of the first image. An image is the same in whatever run it is.
  uint64_t first;
  // How many images there are, 1 or more.
  uint32_t count;
  // How many colours `palette` has, up to 256.
  uint32_t palette_count;
  // Towards the class: 1 as the network learnt it, 2 or 3 further, 0 without it, 100 at most.
  double guidance;
  // How far images go from `init`: 0 leaves it, 1 draws anew.
  double strength;
  // The class, by its name or number; all there are in turn where no class is named.
  const char *class_name;
  // More classes, which are drawn in turn with it: `class_count` texts. A row goes from the first class to the second.
  const char *const *classes;
  // How many classes `classes` has: none of it is read where this is 0. How many images there are is `count` alone.
  size_t class_count;
  // How many steps, or which, as "50", "ddim25", "10,15,20"; as many as the method wants where it is NULL.
  const char *steps;
  // How a step is taken: "dpm", "heun", "ddim", "ddim:0.5", "ancestral"; where it is NULL "dpm", and
  // "ddim" of a distilled network, which takes no other.
  const char *method;
  // What is done to each prediction: "unit", "none", "dynamic"; "unit" where it is NULL.
  const char *clip;
  // Where images go round, so that copies side by side have no seams: "x", "y", "xy"; nowhere where it is NULL.
  const char *wrap;
  // How often steps are taken again within `mask`: "10", "5,10"; once where it is NULL.
  const char *resample;
  // A row from this seed to another: that seed, and over how many images the row goes, as "7,12", of which `count` from
  // `first` on are drawn; none where it is NULL.
  const char *between;
  // The colours that are drawn in, red, green, blue and alpha of each; all there are where it is NULL.
  const uint8_t *palette;
  // A picture that images begin from, of the network's size, RGBA of 8 bits each, alpha straight.
  const uint8_t *init;
  // Bytes from one row of `init` to the next.
  size_t init_stride;
  // Pixels of `init` from left to right.
  uint32_t init_width;
  // Pixels of `init` from top to bottom.
  uint32_t init_height;
  // Which part of `init` is drawn anew, a byte for each of its pixels: 0 keeps it, 255 draws it anew.
  const uint8_t *mask;
  // Bytes from one row of `mask` to the next.
  size_t mask_stride;
  // What a network enlarges, RGBA as `init`, of the size that `iddpm_info` says: a picture for all images, or `count` of
  // them, each below the one before.
  const uint8_t *low_res;
  // Bytes from one row of `low_res` to the next.
  size_t low_res_stride;
  // Pixels of `low_res` from left to right.
  uint32_t low_res_width;
  // Pixels of `low_res` from top to bottom, of all its pictures.
  uint32_t low_res_height;
} iddpm_draw;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Writes why the last call of this thread that failed did: as much as `len` bytes have room for, always ended by 0.
// Returns the bytes that all of it needs; 1 where no call failed. A call that succeeds leaves it.
//
// # Safety
// `out` is NULL and `len` 0, or there are `len` bytes at `out`.
size_t iddpm_last_error(char *out,
                        size_t len);

// Returns the result of the last call of this thread that failed: calls that return a number have it here alone. `IDDPM_OK`
// where no call failed. A call that succeeds leaves it.
iddpm_result iddpm_last_result(void);

// Returns how many GPUs the machine has, those in software too; 0 in a library that was built without them.
size_t iddpm_devices(void);

// Writes the name of a GPU as `iddpm_model_on` takes it, the best of them at 0. Each call looks for them anew. Returns the
// bytes that all of it needs, or 0 where it failed.
//
// # Safety
// `out` is NULL and `len` 0, or there are `len` bytes at `out`.
size_t iddpm_device_name(size_t index,
                         char *out,
                         size_t len);

// Opens a model: a checkpoint, or the folder of a training run, by its path in UTF-8.
//
// # Safety
// `path` is a string that ends by 0. At `out` there is room for a handle: the caller's to free, NULL where it failed.
iddpm_result iddpm_model_open(const char *path,
                              struct iddpm_model **out);

// Reads a model whose file is in memory, which it needs no more afterwards.
//
// # Safety
// There are `len` bytes at `file`. At `out` there is room for a handle: the caller's to free, NULL where it failed.
iddpm_result iddpm_model_from_memory(const uint8_t *file,
                                     size_t len,
                                     struct iddpm_model **out);

// Fills in what a model draws; `size` is `sizeof(iddpm_info)`.
//
// # Safety
// `model` is a handle that is not freed. There are `size` bytes at `out`.
iddpm_result iddpm_model_info(const struct iddpm_model *model, struct iddpm_info *out, size_t size);

// Writes the name of a class, its number where it has none. Returns the bytes that all of it needs, or 0 where it failed.
//
// # Safety
// `model` is a handle that is not freed. `out` is NULL and `len` 0, or there are `len` bytes at `out`.
size_t iddpm_model_class_name(const struct iddpm_model *model,
                              uint32_t index,
                              char *out,
                              size_t len);

// Writes what a user must know of a model, a note a line: which file of a run was opened, what was done to the names of
// its tensors. Returns the bytes that all of it needs, 1 where there is no note, or 0 where it failed.
//
// # Safety
// `model` is a handle that is not freed. `out` is NULL and `len` 0, or there are `len` bytes at `out`.
size_t iddpm_model_notes(const struct iddpm_model *model,
                         char *out,
                         size_t len);

// Frees a model; its studios and runs stay. Nothing where it is NULL.
//
// # Safety
// `model` is NULL, or a handle that is not freed and that no call is under way with.
void iddpm_model_free(struct iddpm_model *model);

// Puts a model on a device: NULL or "best" for a GPU where there is one that is none in software, else the processor;
// "cpu"; "gpu", even one in software; or a part of a GPU's name, a letter at least. On the processor it works with so many
// threads, or with as many as there are cores where `threads` is 0; the images are the same with any number.
//
// # Safety
// `model` is a handle that is not freed. `device` is NULL or a string that ends by 0. At `out` there is room for a handle:
// the caller's to free, NULL where it failed.
iddpm_result iddpm_model_on(const struct iddpm_model *model,
                            const char *device,
                            uint32_t threads,
                            struct iddpm_studio **out);

// Writes which device a studio is on, and why. Returns the bytes that all of it needs, or 0 where it failed.
//
// # Safety
// `studio` is a handle that is not freed. `out` is NULL and `len` 0, or there are `len` bytes at `out`.
size_t iddpm_studio_device(const struct iddpm_studio *studio,
                           char *out,
                           size_t len);

// Frees a studio; its runs stay. Nothing where it is NULL.
//
// # Safety
// `studio` is NULL, or a handle that is not freed and that no call is under way with.
void iddpm_studio_free(struct iddpm_studio *studio);

// Fills in the usual drawing: one image of seed 0. `size` is `sizeof(iddpm_draw)`.
//
// # Safety
// There are `size` bytes at `draw`.
iddpm_result iddpm_draw_init(struct iddpm_draw *draw, size_t size);

// Begins a run of a drawing's images.
//
// # Safety
// `studio` is a handle that is not freed. `draw` was filled by `iddpm_draw_init`, and what it points to is there. At `out`
// there is room for a handle: the caller's to free, NULL where it failed.
iddpm_result iddpm_run_begin(struct iddpm_studio *studio,
                             const struct iddpm_draw *draw,
                             struct iddpm_run **out);

// Goes on with a run that was saved, by this library or another of its kind, on whichever device.
//
// # Safety
// `studio` is a handle that is not freed. There are `len` bytes at `saved`. At `out` there is room for a handle: the
// caller's to free, NULL where it failed.
iddpm_result iddpm_run_resume(struct iddpm_studio *studio,
                              const uint8_t *saved,
                              size_t len,
                              struct iddpm_run **out);

// Goes on until so many microseconds have passed, also within a step: on the processor by operations of the network, on a
// GPU by dispatches, one at least; so it may be longer by one of them
// where the cores are free, and several runs in a frame by one each. Returns `IDDPM_MORE` while anything is left,
// `IDDPM_OK` once the images are done.
//
// # Safety
// `run` is a handle that is not freed.
iddpm_result iddpm_run_advance(struct iddpm_run *run,
                               uint32_t microseconds);

// Takes a step, or what is left of one, however long that takes. Returns as `iddpm_run_advance` does.
//
// # Safety
// `run` is a handle that is not freed.
iddpm_result iddpm_run_step(struct iddpm_run *run);

// Returns the share of the work that is done, 1 where the images are done; below 0 where it failed.
//
// # Safety
// `run` is a handle that is not freed.
float iddpm_run_fraction(const struct iddpm_run *run);

// Returns how many images the run has; 0 where it failed.
//
// # Safety
// `run` is a handle that is not freed.
uint32_t iddpm_run_count(const struct iddpm_run *run);

// Writes an image as it is, noise at first and the result at the end: rows of RGBA, 8 bits each, alpha straight, each row
// `stride` bytes after the one before. What lies between rows is left as it is.
//
// # Safety
// `run` is a handle that is not freed. There are `len` bytes at `out`.
iddpm_result iddpm_run_pixels(struct iddpm_run *run,
                              uint32_t image,
                              uint8_t *out,
                              size_t stride,
                              size_t len);

// Writes an image as the last step predicted it, as `iddpm_run_pixels` does: what there is to see of it on its way. Before
// the first step, and behind a resumption, that is nothing yet: all is black, and clear where the network draws alpha.
//
// # Safety
// `run` is a handle that is not freed. There are `len` bytes at `out`.
iddpm_result iddpm_run_preview(struct iddpm_run *run,
                               uint32_t image,
                               uint8_t *out,
                               size_t stride,
                               size_t len);

// Ends a run before its time and frees what it holds; all that is left is to free its handle.
//
// # Safety
// `run` is a handle that is not freed.
iddpm_result iddpm_run_cancel(struct iddpm_run *run);

// Writes the run as its last whole step left it, what is done of the next is done again: a host that saves often does so
// behind `iddpm_run_step`. It is for `iddpm_run_resume` or a file, and sets `len` to the bytes that it has. Where `out` is
// NULL that is all; where there is room for fewer, nothing is written, and the call fails.
//
// # Safety
// `run` is a handle that is not freed. At `len` there is a number, and at `out`, if it is not NULL, so many bytes.
iddpm_result iddpm_run_save(struct iddpm_run *run,
                            uint8_t *out,
                            size_t *len);

// Frees a run, done or not. Nothing where it is NULL.
//
// # Safety
// `run` is NULL, or a handle that is not freed and that no call is under way with.
void iddpm_run_free(struct iddpm_run *run);

// Begins a picture without end in every direction, in the style of the drawing's class, which a network with classes must
// be told; by a method that adds no noise ("dpm", "heun", "ddim"), of one image, without `init`, `between` and `wrap`.
//
// # Safety
// `studio` is a handle that is not freed. `draw` was filled by `iddpm_draw_init`, and what it points to is there. At `out`
// there is room for a handle: the caller's to free, NULL where it failed.
iddpm_result iddpm_plane_begin(struct iddpm_studio *studio,
                               const struct iddpm_draw *draw,
                               struct iddpm_plane **out);

// Draws a tile of `width` times `height` pixels whose left upper corner lies at `x`, `y`, into rows of RGBA as
// `iddpm_run_pixels` does. A tile is the same bytes whatever was drawn before it, and continues its neighbours. It takes
// as long as it takes, less beside tiles that were drawn: a thread of its own is the place for it. The studio is used
// meanwhile.
//
// # Safety
// `plane` is a handle that is not freed. There are `len` bytes at `out`.
iddpm_result iddpm_plane_tile(struct iddpm_plane *plane,
                              int32_t x,
                              int32_t y,
                              uint32_t width,
                              uint32_t height,
                              uint8_t *out,
                              size_t stride,
                              size_t len);

// Frees a plane. Nothing where it is NULL.
//
// # Safety
// `plane` is NULL, or a handle that is not freed and that no call is under way with.
void iddpm_plane_free(struct iddpm_plane *plane);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IDDPM_H */
