// The residual of a convolution, number by number.

@group(0) @binding(5) var<storage, read> residual: array<Residual>;

fn residual_at(at: u32) -> f32 {
    return f32(residual[at]);
}
