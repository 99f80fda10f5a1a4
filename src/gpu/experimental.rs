//! Leave to use features of wgpu that it calls experimental, and kernels whose loops are not counted
//! besides: the unsafe code of this layer, but for the driver's cache.

#![allow(unsafe_code)]

/// Leave to ask for them; none is asked for by this alone.
pub(crate) fn experimental_features() -> wgpu::ExperimentalFeatures {
    // SAFETY: what may go wrong is that a feature has a mistake that its checks do not find. The one that
    // is asked for are cooperative matrices, in shaders/shared/{matrices,right_lines,halo}.wgsl alone, which stay in
    // bounds by construction: their loads and stores are in workgroup memory, in one of the buffers that a tile has,
    // at a term below STEP, and in the patch of a subgroup whose number is below that of the patches. A tile with a
    // halo has as many cells as rows of 32 positions have, and `matrices::way_to_see` lets no wider rows and no other than
    // whole tiles have one, as its test says. The tests compare each of the kernels with every other variant.
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
