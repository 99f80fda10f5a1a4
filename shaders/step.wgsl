// One step of sampling, the numbers of which are in `step_numbers`:
//
//     x̂_0 = clip(predict_x·x + predict_output·output)
//     x   ← mix_x·x + mix_x_start·x̂_0 + mix_output·output + mix_history·history + σ·z
//     history ← keep_x·x_before + keep_x_start·x̂_0, where `keeps`
//
// x, x_start, history, z are [N, D]. Where `drawn`, z is made here of `samples` as shared/normals.wgsl has it; otherwise
// it is what the host wrote to `normals`. output is [N, E], D numbers of an image being the prediction, and D more the
// variance channels v where σ is learned: σ = 2^(at zero + slope·v).
// Where `snaps`, x̂_0 is what x_start holds already: a colour, within ±1.
// `noise`: 0 none, 1 one σ for all, 2 learned. `clip`: 0 none, 1 to ±1, 2 to ±bounds[n], then divided
// by it. A weight of 0 is not multiplied: what it would weigh may be anything.
//
// One invocation owns one element. Where the output, the new x, x̂_0 or what the history keeps is not finite,
// `not_finite` falls to its index. The output for itself: what is infinite there is clipped to what looks good.

struct Params {
    batch: u32,
    elements: u32,
    output_elements: u32,
    clip: u32,
    drawn: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_numbers: Step;
@group(0) @binding(2) var<storage, read> output: array<f32>;
@group(0) @binding(3) var<storage, read> normals: array<f32>;
@group(0) @binding(4) var<storage, read> samples: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read> bounds: array<f32>;
@group(0) @binding(6) var<storage, read_write> x: array<f32>;
@group(0) @binding(7) var<storage, read_write> history: array<f32>;
@group(0) @binding(8) var<storage, read_write> x_start: array<f32>;
@group(0) @binding(9) var<storage, read_write> not_finite: atomic<u32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if at >= params.batch * params.elements {
        return;
    }
    let n = at / params.elements;
    let predicted = n * params.output_elements + at % params.elements;
    let before = x[at];
    let given = output[predicted];
    var start: f32;
    if step_numbers.snaps != 0u {
        start = x_start[at];
    } else {
        start = clipped(step_numbers.predict_x * before + step_numbers.predict_output * given, n);
    }

    var after = step_numbers.mix_x * before + step_numbers.mix_x_start * start;
    if step_numbers.mix_output != 0.0 {
        after += step_numbers.mix_output * given;
    }
    if step_numbers.mix_history != 0.0 {
        after += step_numbers.mix_history * history[at];
    }
    var kept = 0.0;
    if step_numbers.keeps != 0u {
        kept = step_numbers.keep_x * before + step_numbers.keep_x_start * start;
        history[at] = kept;
    }
    if step_numbers.noise == 1u {
        after += step_numbers.sigma * normal(at, n);
    }
    var v = 0.0;
    if params.output_elements > params.elements {
        v = output[predicted + params.elements];
    }
    if step_numbers.noise == 2u {
        let log2_sigma = step_numbers.log2_sigma_at_zero + step_numbers.log2_sigma_slope * v;
        after += power_of_two(log2_sigma) * normal(at, n);
    }
    x[at] = after;
    x_start[at] = start;
    let broken = is_not_finite(given) | is_not_finite(v) | is_not_finite(after) | is_not_finite(start)
        | is_not_finite(kept);
    if broken != 0u {
        atomicMin(&not_finite, at);
    }
}

// The deviate of an element of image n.
fn normal(at: u32, n: u32) -> f32 {
    if params.drawn == 0u {
        return normals[at];
    }
    let element = at % params.elements;
    return normals_of(samples[n], step_numbers.position, element / 4u)[element % 4u];
}

fn clipped(value: f32, n: u32) -> f32 {
    if params.clip == 0u {
        return value;
    }
    var bound = 1.0;
    if params.clip == 2u {
        bound = bounds[n];
    }
    // Comparisons, not clamp(), so that a NaN stays one.
    var kept = value;
    if kept > bound {
        kept = bound;
    }
    if kept < -bound {
        kept = -bound;
    }
    return kept / bound;
}

// 2^x: the nearest whole number as an exponent, a polynomial of degree 6 for the rest; 2e-7 relatively.
fn power_of_two(power: f32) -> f32 {
    let x = select(clamp(power, -127.0, 128.0), power, power != power);
    let whole = floor(x + 0.5);
    let f = x - whole;
    var p = 1.5461445e-4;
    p = p * f + 1.3400428e-3;
    p = p * f + 9.618057e-3;
    p = p * f + 5.550327e-2;
    p = p * f + 0.2402265;
    p = p * f + 0.6931472;
    p = p * f + 1.0;
    return p * bitcast<f32>(u32(i32(whole) + 127) << 23u);
}
