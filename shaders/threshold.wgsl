// bounds[n] = min(max(s, 1), max): s the quantile of |x̂_0| over image n, x̂_0 = a·x + b·output before it is
// clipped (dynamic thresholding, Saharia et al. 2022). The quantile lies `fraction` of the way from order
// statistic `rank` to the next.
//
// x [N, D]; output [N, E], the first D numbers of an image being the prediction. One workgroup owns one
// image. The order statistic is found by halving the range of bit patterns, whose order is that of the
// magnitudes: 31 counts over the image, in integers, so no order of summation matters.

struct Params {
    batch: u32,
    elements: u32,
    output_elements: u32,
    rank: u32,
    fraction: f32,
    max: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_numbers: Step;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> output: array<f32>;
@group(0) @binding(4) var<storage, read_write> bounds: array<f32>;

var<workgroup> room: array<u32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let n = flat_workgroup(workgroup, workgroups);
    if n >= params.batch {
        return;
    }
    // The least bit pattern that has more than `rank` magnitudes at or below it.
    var below = 0u;
    var found = 0x7fffffffu;
    for (var turn = 0u; turn < 31u; turn++) {
        let middle = below + (found - below) / 2u;
        if count_up_to(n, lane, middle) > params.rank {
            found = middle;
        } else {
            below = min(middle + 1u, found);
        }
    }
    let lower = bitcast<f32>(found);
    var upper = lower;
    if count_up_to(n, lane, found) <= params.rank + 1u {
        let above = least_above(n, lane, found);
        upper = select(lower, bitcast<f32>(above), above != 0xffffffffu);
    }
    if lane == 0u {
        let quantile = lower + params.fraction * (upper - lower);
        bounds[n] = min(max(quantile, 1.0), params.max);
    }
}

// The bits of |x̂_0|.
fn magnitude(n: u32, e: u32) -> u32 {
    let given = x[n * params.elements + e];
    let predicted = output[n * params.output_elements + e];
    let x_start = step_numbers.predict_x * given + step_numbers.predict_output * predicted;
    return bitcast<u32>(x_start) & 0x7fffffffu;
}

// How many magnitudes are at most `bound`, for every lane.
fn count_up_to(n: u32, lane: u32, bound: u32) -> u32 {
    var mine = 0u;
    for (var e = lane; e < params.elements; e += 256u) {
        mine += select(0u, 1u, magnitude(n, e) <= bound);
    }
    workgroupBarrier();
    room[lane] = mine;
    for (var half = 128u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            room[lane] += room[lane + half];
        }
    }
    return workgroupUniformLoad(&room[0]);
}

// The least magnitude above `bound`, for every lane; all bits set where there is none.
fn least_above(n: u32, lane: u32, bound: u32) -> u32 {
    var mine = 0xffffffffu;
    for (var e = lane; e < params.elements; e += 256u) {
        let bits = magnitude(n, e);
        mine = select(mine, min(mine, bits), bits > bound);
    }
    workgroupBarrier();
    room[lane] = mine;
    for (var half = 128u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            room[lane] = min(room[lane], room[lane + half]);
        }
    }
    return workgroupUniformLoad(&room[0]);
}
