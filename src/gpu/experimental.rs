//! The only unsafe code of this layer: leave to use features of wgpu that it calls experimental.

#![allow(unsafe_code)]

/// Leave to ask for them; none is asked for by this alone.
pub(crate) fn experimental_features() -> wgpu::ExperimentalFeatures {
    // SAFETY: what may go wrong is that a feature has a mistake that its checks do not find. The one that
    // is asked for are cooperative matrices, in one kernel, which stays in bounds by construction: its
    // loads and stores are in workgroup memory, at offsets that are constants of the text. The tests
    // compare it with every other variant.
    unsafe { wgpu::ExperimentalFeatures::enabled() }
}
