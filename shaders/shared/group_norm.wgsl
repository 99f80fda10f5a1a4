// The law by which a group normalisation goes in image n and channel c, modulated, from the statistics of its group:
//
// f(GN·(1 + scale[n, c]) + shift[n, c]), GN as shared/group_scale.wgsl has it, f the SiLU where `silu`.
//
// scale_shift [N, 2C], scale then shift, only where `modulated`. The bindings, and the parameters, are the kernel's.

fn law_of(n: u32, c: u32, statistics: vec2<f32>) -> vec3<f32> {
    let law = scale_of(c, statistics);
    if params.modulated == 0u {
        return law;
    }
    let row = 2u * n * params.channels;
    let scale = 1.0 + scale_shift[row + c];
    let shift = scale_shift[row + params.channels + c];
    return vec3(law.x, law.y * scale, law.z * scale + shift);
}
