// What the loss of an image and its gradient share: their numbers, what they bind, the terms of an element.
//
// predicted [N, E or 2E], the second half being variance channels; x_start, noise and x [N, E]; rows [N].

struct Params {
    batch: u32,
    elements: u32,
    predicted_elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> predicted: array<f32>;
@group(0) @binding(2) var<storage, read> x_start: array<f32>;
@group(0) @binding(3) var<storage, read> noise: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> rows: array<LossRow>;
@group(0) @binding(6) var<storage, read_write> output: array<f32>;

const LN_2: f32 = 0.6931472;

// What an element contributes to the loss of its image, before the mean over elements.
struct LossTerm {
    square: f32,
    nats: f32,
    // ∂ total/∂ predicted.
    d_output: f32,
    // ∂ total/∂ channel.
    d_channel: f32,
}

// The bound's term of an element in nats, and its derivatives.
struct Bound {
    nats: f32,
    d_difference: f32,
    d_log_variance: f32,
}

// e = target - predicted; the bound is that of a Gaussian of this log variance whose mean is gain·e away.
fn loss_term(
    row: LossRow, x_start: f32, noise: f32, x: f32, predicted: f32, channel: f32,
) -> LossTerm {
    let error = row.target_x_start * x_start + row.target_noise * noise + row.target_x * x - predicted;
    let difference = row.gain * error;
    let learned = row.log_variance_slope * channel;
    var bound: Bound;
    if row.decoder != 0.0 {
        bound = decoder_bound(x_start, difference, row.log_variance + learned);
    } else {
        bound = divergence(row.log_variance, row.true_log_variance, learned, difference);
    }
    let per_nat = row.bound_weight / LN_2;
    var into_mean = 0.0;
    if row.mean_learns != 0.0 {
        into_mean = per_nat * bound.d_difference * row.gain;
    }
    return LossTerm(
        error * error,
        bound.nats,
        -2.0 * row.mse_weight * error - into_mean,
        per_nat * bound.d_log_variance * row.log_variance_slope,
    );
}

// KL(N(0, e^true) ‖ N(difference, e^(fixed + learned))).
fn divergence(fixed_part: f32, true_log_variance: f32, learned: f32, difference: f32) -> Bound {
    let certainty = exp(-(fixed_part + learned));
    let scaled = difference * difference * certainty;
    // Two log variances that are near each other: their difference first.
    let apart = (fixed_part - true_log_variance) + learned;
    let curve = exponential_curve(apart);
    return Bound(
        0.5 * (curve + scaled),
        difference * certainty,
        0.5 * (apart - curve - scaled),
    );
}

// e^{-y} - 1 + y, which is nearly y²/2 where y is small: there by its series.
fn exponential_curve(y: f32) -> f32 {
    if abs(y) < 0.5 {
        var p = 1.0 / 40320.0;
        p = 1.0 / 5040.0 - y * p;
        p = 1.0 / 720.0 - y * p;
        p = 1.0 / 120.0 - y * p;
        p = 1.0 / 24.0 - y * p;
        p = 1.0 / 6.0 - y * p;
        p = 0.5 - y * p;
        return y * y * p;
    }
    return exp(-y) - 1.0 + y;
}

// -ln of the probability of the bin around x_0, whose centre is `difference` from the mean, by the
// approximation Φ(s) = (1 + tanh u)/2, u = √(2/π)·(s + 0.044715 s³); the outermost bins reach to infinity.
//
// With a and b the u of the bin's upper and lower edge, P = (tanh a - tanh b)/2 and the densities over P
// are written as quotients of cosh a, cosh b and sinh(a - b), of which only exponentials that are at most
// 1 are taken: no digits cancel in the tails, nothing overflows.
fn decoder_bound(x_start: f32, difference: f32, log_variance: f32) -> Bound {
    let root = 0.7978846;
    let bend = 0.044715;
    let inverse = exp(-0.5 * log_variance);
    let lower = clamp(inverse * (difference - 1.0 / 255.0), -50.0, 50.0);
    let upper = clamp(inverse * (difference + 1.0 / 255.0), -50.0, 50.0);
    let a = root * (upper + bend * upper * upper * upper);
    let b = root * (lower + bend * lower * lower * lower);
    let slope_a = root * (1.0 + 3.0 * bend * upper * upper);
    let slope_b = root * (1.0 + 3.0 * bend * lower * lower);
    var ln_p: f32;
    // The densities at the edges over P.
    var share_a = 0.0;
    var share_b = 0.0;
    if x_start < -0.999 {
        ln_p = -softplus(-2.0 * a);
        share_a = 2.0 * slope_a * logistic(-2.0 * a);
    } else if x_start > 0.999 {
        ln_p = -softplus(2.0 * b);
        share_b = 2.0 * slope_b * logistic(2.0 * b);
    } else {
        // The width of the bin as it is, unless an edge was clamped.
        let free = abs(upper) < 50.0 && abs(lower) < 50.0;
        let width = select(upper - lower, 2.0 / 255.0 * inverse, free);
        let apart = root * width * (1.0 + bend * (upper * upper + upper * lower + lower * lower));
        let doubled = max(2.0 * apart, 1e-30);
        // 1 - e^{-2(a-b)}.
        let rise = doubled - exponential_curve(doubled);
        let tail_a = exp(-2.0 * abs(a));
        let tail_b = exp(-2.0 * abs(b));
        ln_p = log(rise) - 2.0 * max(max(b, -a), 0.0) - log((1.0 + tail_a) * (1.0 + tail_b));
        let quotient = (1.0 + tail_b) / (1.0 + tail_a);
        share_a = 2.0 * slope_a * quotient / rise * exp(-2.0 * clamp(a, 0.0, apart));
        share_b = 2.0 * slope_b / quotient / rise * exp(-2.0 * clamp(-b, 0.0, apart));
    }
    // ln 1e-12: what is less likely counts as that, and has no slope.
    if ln_p < -27.631021 {
        return Bound(27.631021, 0.0, 0.0);
    }
    return Bound(
        -ln_p,
        -inverse * (share_a - share_b),
        0.5 * (upper * share_a - lower * share_b),
    );
}

// ln(1 + e^x).
fn softplus(x: f32) -> f32 {
    return max(x, 0.0) + log(1.0 + exp(-abs(x)));
}
