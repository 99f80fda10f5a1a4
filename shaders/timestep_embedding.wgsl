// out[n, i] = cos(t·f_i) for i < half, sin(t·f_{i-half}) after it, 0 where `dim` is odd at its end;
// half = dim/2, f_i = exp(-ln(10000)·i/half).
//
// timesteps [N], frequencies [half] as 64-bit fractions of a turn (high word, low word): f_i/(2π)·2^64.
// One invocation makes one number.
//
// The angle is reduced in integers: t·f_i modulo one turn, as 32 bits, for |t| < 2^24. So the error does
// not grow with t, and the angle is the same on every device.

struct Params {
    batch: u32,
    dim: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> timesteps: array<f32>;
@group(0) @binding(2) var<storage, read> frequencies: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if at >= params.batch * params.dim {
        return;
    }
    let half = params.dim / 2u;
    let column = at % params.dim;
    if column >= 2u * half {
        output[at] = 0.0;
        return;
    }
    let is_sine = column >= half;
    let t = timesteps[at / params.dim];
    let turns = turns_of(abs(t), frequencies[column % half]);
    // sin(-θ) = -sin θ, cos(-θ) = cos θ.
    let sign = select(1.0, -1.0, is_sine && t < 0.0);
    output[at] = sign * wave(turns, is_sine);
}

// t·f modulo one turn, in units of 2^-32 turns.
fn turns_of(t: f32, frequency: vec2<u32>) -> u32 {
    let whole = floor(t);
    let steps = u32(whole);
    // f is at most 1/(2π), so the fraction's share is below 2^30.
    let share = u32((t - whole) * f32(frequency.x));
    return steps * frequency.x + multiply_high(steps, frequency.y) + share;
}

// cos or sin of an angle in units of 2^-32 turns: the nearest quarter turn, and a polynomial of what is
// left of it, at most π/4 (errors 2.5e-8 and 2e-9 before rounding).
fn wave(turns: u32, is_sine: bool) -> f32 {
    let quarter = (turns + 0x20000000u) >> 30u;
    let rest = bitcast<i32>(turns - (quarter << 30u));
    let x = f32(rest) * 1.4629180792671596e-9;
    let y = x * x;
    let sine = x + x * y * (-0.16666667 + y * (0.008333334 + y * (-0.0001984127 + y * 2.7557319e-6)));
    let cosine = 1.0 + y * (-0.5 + y * (0.041666667 + y * (-0.0013888889 + y * 2.4801587e-5)));
    // cos(θ) = sin(θ + a quarter turn).
    let phase = select(quarter + 1u, quarter, is_sine) & 3u;
    let value = select(sine, cosine, (phase & 1u) == 1u);
    return select(value, -value, phase >= 2u);
}
