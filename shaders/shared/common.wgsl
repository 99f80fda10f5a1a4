// Put before every kernel: folding of the grid, weights of two widths, what several kernels compute.
//
// Above it stand, as the dispatch has it, the type of each tensor that a kernel binds (`alias Input = f16;`
// for a binding named `input`), and `const HALF: bool`: whether weights are IEEE 754 binary16, two in a
// word. Arithmetic is f32 all the same.

// What a step of sampling is, for all kernels of the loop.
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
    // Whether x̂_0 is what x_start holds already: the nearest colours of a palette.
    snaps: u32,
    // What is kept of a picture, and its noise.
    kept_picture: f32,
    kept_noise: f32,
    // Back to where a stretch of steps began; 1 and 0 elsewhere.
    back_x: f32,
    back_noise: f32,
}

// What the loss of an image is made of.
struct LossRow {
    sqrt_alpha_bar: f32,
    sqrt_one_minus_alpha_bar: f32,
    target_x_start: f32,
    target_noise: f32,
    target_x: f32,
    gain: f32,
    true_log_variance: f32,
    log_variance: f32,
    log_variance_slope: f32,
    decoder: f32,
    mse_weight: f32,
    bound_weight: f32,
    mean_learns: f32,
    weight: f32,
    unused: f32,
    unused_too: f32,
}

// What a step of the optimiser is, for square_sums, gradient_norm and adamw.
struct OptimizerNumbers {
    // 1/(the factor that the loss was scaled by).
    unscale: f32,
    // The largest norm of the gradient; f32's largest where it is not clipped.
    clip: f32,
    // 1 - lr·weight_decay.
    decay: f32,
    beta1: f32,
    beta2: f32,
    // 1 - β1, 1 - β2.
    rest1: f32,
    rest2: f32,
    // lr/(1 - β1^k).
    step_size: f32,
    // √(1 - β2^k).
    root_correction: f32,
    epsilon: f32,
}

// The rate of a moving average, which may differ from step to step, and 1 less that.
struct AverageRate {
    rate: f32,
    rest: f32,
}

// A dimension holds 65,535 workgroups: more are folded into rows of the grid.
fn flat_workgroup(id: vec3<u32>, count: vec3<u32>) -> u32 {
    return id.y * count.x + id.x;
}

// A row or column, of `side` there are, from a step before the first or behind the last: the one that is there
// where they go round.
fn around(at: i32, side: i32, wraps: u32) -> i32 {
    if wraps == 0u {
        return at;
    }
    return (at + side) % side;
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

// Its derivative.
fn silu_slope(x: f32) -> f32 {
    let s = logistic(x);
    return s * (1.0 + x * (1.0 - s));
}

// 1 where a number is infinite or not a number. By its bits: a compiler may take floats to be finite.
fn is_not_finite(x: f32) -> u32 {
    return u32((bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u);
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

// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011).
fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0u; round < 10u; round++) {
        c = vec4(
            multiply_high(0xcd9e8d57u, c.z) ^ c.y ^ k.x,
            0xcd9e8d57u * c.z,
            multiply_high(0xd2511f53u, c.x) ^ c.w ^ k.y,
            0xd2511f53u * c.x,
        );
        k += vec2(0x9e3779b9u, 0xbb67ae85u);
    }
    return c;
}

// 1/(1 + e^{-x}). Below -80 the exponential is held, so that it does not overflow.
fn logistic(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(min(-x, 80.0)));
}
