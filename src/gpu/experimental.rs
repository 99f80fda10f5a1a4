//! Leave to use features of wgpu that it calls experimental, and kernels whose loops are not counted
//! besides: the unsafe code of this layer, but for the driver's cache.

#![allow(unsafe_code)]

/// Leave to ask for them; none is asked for by this alone.
pub(crate) fn experimental_features() -> wgpu::ExperimentalFeatures {
    // SAFETY: what may go wrong is that a feature has a mistake that its checks do not find. The one that
    // is asked for are cooperative matrices, which stay in bounds by construction. Those of attention are loaded and stored
    // in shaders/shared/attention_products.wgsl, in workgroup memory, at constant distances in tiles of constant sizes. Those of
    // convolutions are in shaders/shared/{matrices,right_lines,halo}.wgsl: in workgroup memory, in one of the buffers that a
    // tile has, at a term below STEP, and in the patch of a subgroup whose number is below that of the patches. A tile with a
    // halo has as many cells as the widest rows or two images have, and `matrices::way_to_see` lets no other than
    // whole tiles of such have one, as its test says. In shaders/shared/sums_stored.wgsl they are stored in a buffer of
    // [stretches, batch, rows, image] numbers, where rows and image are multiples of a matrix's side, and below the last of
    // each. The tests compare each of the kernels with every other variant.
    unsafe { wgpu::ExperimentalFeatures::enabled() }
}

/// A kernel of this crate, with every check of what it reads and writes, but without the counter that wgpu
/// puts into each loop to end it, and that keeps drivers from unrolling.
pub(crate) fn kernel_module(
    device: &wgpu::Device,
    descriptor: wgpu::ShaderModuleDescriptor<'_>,
) -> wgpu::ShaderModule {
    let mut checks = wgpu::ShaderRuntimeChecks::checked();
    checks.force_loop_bounding = false;
    // SAFETY: the texts are those of shaders/, known when the crate is compiled. All their loops are `for`
    // loops (a test looks for others) over a variable that the body leaves alone. It goes up, by a constant
    // or by how many subgroups or invocations there are, at least one, to a bound that does not change
    // meanwhile and lies below 2^31, as all lengths of a graph do; or it is halved down to 0. So they end.
    unsafe { device.create_shader_module_trusted(descriptor, checks) }
}
