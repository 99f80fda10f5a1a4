// A group normalisation's number of image n and channel c, modulated, from the statistics of its group, (mean, rstd):
//
// f(GN·(1 + scale[n, c]) + shift[n, c]), GN as shared/group_scale.wgsl has it, f the SiLU where `silu`.
//
// scale_shift [N, 2C], scale then shift, only where `modulated`. The bindings, and the parameters, are the kernel's.

fn normalised(n: u32, c: u32, number: f32, law: vec2<f32>) -> f32 {
    var value = scaled(c, number, law);
    if params.modulated != 0u {
        let row = 2u * n * params.channels;
        value = value * (1.0 + scale_shift[row + c]) + scale_shift[row + params.channels + c];
    }
    return activated(value);
}
