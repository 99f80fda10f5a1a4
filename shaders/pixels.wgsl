// output[n, row, column] = the channels of a pixel as bytes, (x + 1)·127.5 truncated, as the CPU has them: the lowest is
// red, or blue where the texture begins with blue, the highest alpha. Of 2 and of 4 channels the last is alpha, and the
// others are divided by it; of others alpha is 255. One colour is grey.
//
// x [N, C, H, W], C = 1 to 4; output [N, H, pitch] in words. One invocation makes one pixel.

struct Params {
    batch: u32,
    channels: u32,
    height: u32,
    width: u32,
    pitch: u32,
    blue_first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    let plane = params.height * params.width;
    let n = at / plane;
    if n >= params.batch {
        return;
    }
    let place = at % plane;
    let first = n * params.channels * plane + place;
    // Grey is three times the same channel.
    let next = select(0u, plane, params.channels >= 3u);
    var alpha = 255u;
    if params.channels % 2u == 0u {
        alpha = byte(first + (params.channels - 1u) * plane);
    }
    let low = straight(byte(first + select(0u, 2u * next, params.blue_first == 1u)), alpha);
    let middle = straight(byte(first + next), alpha);
    let high = straight(byte(first + select(2u * next, 0u, params.blue_first == 1u)), alpha);
    let row = n * params.height + place / params.width;
    output[row * params.pitch + place % params.width] =
        low | (middle << 8u) | (high << 16u) | (alpha << 24u);
}

fn byte(at: u32) -> u32 {
    return u32(clamp((x[at] + 1.0) * 127.5, 0.0, 255.0));
}

// 255·colour/alpha, rounded to the nearest, a half up; 0 under alpha 0.
fn straight(colour: u32, alpha: u32) -> u32 {
    return (510u * min(colour, alpha) + alpha) / max(2u * alpha, 1u);
}
