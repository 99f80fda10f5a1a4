// iddpm's network without a heap, beside `iddpm_core.h`: a UNet whose program and weights lie in flash, as `flash_network`
// writes them, evaluated in pieces on the caller's memory. In C11 and C++17, freestanding too; the library is built with the
// features `ffi_core` and `cpu`, or with `ffi`.
//
// This file is made of the library's source. What a call may be given, and what it does with that, is said at each;
// `# Safety` is what the library cannot check, and the caller must keep. Nothing here allocates or waits.
//
// The struct whose content is `opaque` is as large as this header says: the library is of the same version.

#ifndef IDDPM_NETWORK_CALLS_H
#define IDDPM_NETWORK_CALLS_H

#include "iddpm_core.h"

// The class of an evaluation that is of none.
#define IDDPM_NO_CLASS 4294967295

// A network in flash, and the evaluation of it that is under way. It lies in the caller's memory and needs no end. As long
// as it is used it reads the program and the weights that it was made of, and the workspace is its own: a copy of it that is
// used beside it would spoil that.
typedef struct iddpm_network {
  uint64_t opaque[96];
} iddpm_network;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Takes a network as `flash_network` writes it: the program's bytes, the weights in f16, and a workspace of at least
// `IDDPM_NETWORK_WORKSPACE` numbers, of any value. The program is checked: whatever its bytes, an evaluation stays within what
// it is given. That they, and the weights, are those that were written is for a checksum of yours. A call that fails leaves no
// network, nor that which was there. `low_res` is the image that
// the network enlarges, `IDDPM_NETWORK_LOW_RES` numbers, or NULL and 0 where it enlarges none.
//
// # Safety
// At `network` there is room for one. There are `program_len` bytes at `program`, `weights_len` at `weights`, `low_res_len`
// numbers at `low_res`, which stay as they are while the network is used, and `workspace_len` at `workspace`, which nothing
// else uses meanwhile. `error` is NULL, or there is room for one.
iddpm_result iddpm_network_init(struct iddpm_network *network,
                                const uint8_t *program,
                                size_t program_len,
                                const uint8_t *weights,
                                size_t weights_len,
                                float *workspace,
                                size_t workspace_len,
                                const float *low_res,
                                size_t low_res_len,
                                iddpm_error *error);

// Begins an evaluation of the image `x` at a step's `timestep`, for a class below `IDDPM_NETWORK_CLASSES`, or for
// `IDDPM_NO_CLASS` by a network that has none, or was trained without them too; one that was under way
// is left, also where the call fails. `output` is where the result comes to be, `IDDPM_NETWORK_OUTPUT` numbers, apart from
// `x` and from all that the network uses. Nothing is computed yet.
//
// # Safety
// `network` is one of `iddpm_network_init`, or all its bytes are 0. There are `len` numbers at `x`, which stay as they are
// until the evaluation has ended, and `output_len` at `output`, which nothing else uses until then. `error` is NULL, or
// there is room for one.
iddpm_result iddpm_network_begin(struct iddpm_network *network,
                                 float timestep,
                                 uint32_t label,
                                 const float *x,
                                 size_t len,
                                 float *output,
                                 size_t output_len,
                                 iddpm_error *error);

// Computes on, for about so many multiply-adds, and returns `IDDPM_MORE` while anything is left, `IDDPM_OK` where the output
// is whole: between two calls a watchdog is fed, and whatever the pieces, the output has the same bits. It stops between two
// rows: what one output channel of a convolution, or one head of an attention, makes of the image. 0 is a row at a time,
// `UINT64_MAX` all that is left. An output that is not finite is `IDDPM_NOT_FINITE`. After `IDDPM_OK`, and after a call that
// failed, no evaluation is under way: another call is `IDDPM_ENDED`.
//
// # Safety
// `network` is one of `iddpm_network_init`, or all its bytes are 0, and used by one thread at a time; what it was made of and
// what its evaluation began with are there still. `error` is NULL, or there is room for one.
iddpm_result iddpm_network_advance(struct iddpm_network *network,
                                   uint64_t multiply_adds,
                                   iddpm_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IDDPM_NETWORK_CALLS_H */
