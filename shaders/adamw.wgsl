// One step of AdamW (Loshchilov and Hutter 2019), g = factor·gradient[i]:
//
//     weight ← decay·weight                     decay = 1 - lr·weight_decay
//     m ← β1·m + (1-β1)·g
//     v ← β2·v + (1-β2)·g²
//     weight ← weight - step_size·m/(√v/√(1-β2^k) + ε)      step_size = lr/(1-β1^k)
//
// and nothing where the gradient is not finite; factor and that from gradient_norm. One invocation owns
// one number.

struct Params {
    elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> update: OptimizerNumbers;
@group(0) @binding(2) var<storage, read> report: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(6) var<storage, read_write> second_moment: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.elements || report[1] == 0.0 {
        return;
    }
    let g = report[2] * gradient[at];
    let m = update.beta1 * first_moment[at] + update.rest1 * g;
    let v = update.beta2 * second_moment[at] + update.rest2 * g * g;
    first_moment[at] = m;
    second_moment[at] = v;
    let deviation = sqrt(v) / update.root_correction + update.epsilon;
    weight[at] = update.decay * weight[at] - update.step_size * m / deviation;
}
