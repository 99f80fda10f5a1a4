// One step of AdamW (Loshchilov and Hutter 2019), g = factor·gradient[i]:
//
//     weight ← decay·weight                     decay = 1 - lr·weight_decay
//     m ← β1·m + (1-β1)·g
//     v ← β2·v + (1-β2)·g²
//     weight ← weight - step_size·m/(√v/√(1-β2^k) + ε)      step_size = lr/(1-β1^k)
//
// and, while the new weight is at hand, what follows from it: where `has_average` average ← rate·average + rest·weight,
// rest = 1 - rate, and where `has_halves` the weight in IEEE 754 binary16, two in a word, the first in the lower half.
// Nothing where the gradient is not finite; factor and that from gradient_norm. One invocation owns four numbers.

struct Params {
    // A quarter of how many numbers there are.
    quads: u32,
    has_average: u32,
    has_halves: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> update: OptimizerNumbers;
@group(0) @binding(2) var<uniform> rate: AverageRate;
@group(0) @binding(3) var<storage, read> report: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> weight: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> first_moment: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> second_moment: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read_write> average: array<vec4<f32>>;
@group(0) @binding(9) var<storage, read_write> halves: array<vec2<u32>>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.quads || report[1] == 0.0 {
        return;
    }
    let g = report[2] * gradient[at];
    let m = update.beta1 * first_moment[at] + update.rest1 * g;
    let v = update.beta2 * second_moment[at] + update.rest2 * g * g;
    first_moment[at] = m;
    second_moment[at] = v;
    let deviation = sqrt(v) / update.root_correction + update.epsilon;
    let stepped = update.decay * weight[at] - update.step_size * m / deviation;
    weight[at] = stepped;
    if params.has_average != 0u {
        average[at] = rate.rate * average[at] + rate.rest * stepped;
    }
    if params.has_halves != 0u {
        halves[at] = vec2(word(stepped.xy), word(stepped.zw));
    }
}

fn word(pair: vec2<f32>) -> u32 {
    return rounded(pair.x) | (rounded(pair.y) << 16u);
}

// The bits of the nearest f16, and of the even one between two, whatever the device's own conversion does: infinite from
// 65,520 on.
fn rounded(x: f32) -> u32 {
    let bits = bitcast<u32>(x);
    let sign = (bits >> 16u) & 0x8000u;
    let size = bits & 0x7fffffffu;
    if size >= 0x477ff000u {
        // Not a number stays none.
        return sign | select(0x7c00u, 0x7e00u, size > 0x7f800000u);
    }
    if size < 0x38800000u {
        // Below 2^-14, in units of 2^-24: adding 1/2 brings those to the last bits, rounded.
        let units = bitcast<u32>(bitcast<f32>(size) + 0.5) - 0x3f000000u;
        return sign | units;
    }
    // The exponent's bias from 127 to 15, and 13 bits rounded off.
    let odd = (size >> 13u) & 1u;
    return sign | ((size - 0x38000000u + 0xfffu + odd) >> 13u);
}
