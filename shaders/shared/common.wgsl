// Put before every kernel: folding of the grid, weights of two widths, what several kernels compute.
//
// Above it stand, as the dispatch has it, the type of each tensor that a kernel binds (`alias Input = f16;`
// for a binding named `input`), and `const HALF: bool`: whether weights are IEEE 754 binary16, two in a
// word. Arithmetic is f32 all the same.

// What a step of sampling is, for noise, threshold and step.
struct Step {
    // The step number of the noise.
    position: u32,
    // x̂_0 before clipping, of x and the network's output.
    predict_x: f32,
    predict_output: f32,
    // The next x.
    mix_x: f32,
    mix_x_start: f32,
    mix_output: f32,
    mix_history: f32,
    // The next history, where `keeps`.
    keep_x: f32,
    keep_x_start: f32,
    keeps: u32,
    // 0: no noise; 1: of `sigma`; 2: of 2^(at zero + slope·v), v the network's variance channel.
    noise: u32,
    sigma: f32,
    log2_sigma_at_zero: f32,
    log2_sigma_slope: f32,
}

// A dimension holds 65,535 workgroups: more are folded into rows of the grid.
fn flat_workgroup(id: vec3<u32>, count: vec3<u32>) -> u32 {
    return id.y * count.x + id.x;
}

// The word that weight i lies in.
fn word_of(i: u32) -> u32 {
    return select(i, i >> 1u, HALF);
}

// Weight i, from the word it lies in.
fn weight_in(word: u32, i: u32) -> f32 {
    if HALF {
        let pair = unpack2x16float(word);
        return select(pair.x, pair.y, (i & 1u) == 1u);
    }
    return bitcast<f32>(word);
}

// x/(1+e^{-x}).
fn silu(x: f32) -> f32 {
    return x / (1.0 + exp(-x));
}

// The upper 32 bits of a·b.
fn multiply_high(a: u32, b: u32) -> u32 {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let middle = a1 * b0 + ((a0 * b0) >> 16u);
    let carried = a0 * b1 + (middle & 0xffffu);
    return a1 * b1 + (middle >> 16u) + (carried >> 16u);
}
