// The same result as conv: a matrix product [M, R]·[R, N·P] whose second factor is never written out,
//
// output[n, m, y, x] = bias[m] + shift[n, m] + residual[n, m, y, x]
//                    + Σ_{k, dy, dx} weight[k, dy, dx, m]·in[n, k, stride·y + dy - pad, stride·x + dx - pad]
//
// `in` is the input [N, K, H, W], each value repeated 2×2 where `upsample`, and 0 outside; pad = side/2;
// `side` is that of the kernel. weight is [K, side, side, M], M padded with zeros to a multiple of 4.
//
// The variant for processors with many registers: a workgroup of 64 owns 64 channels × 64 positions
// (counted over the whole batch), a lane 8×8 of them, as 16 sums of four. For each (dy, dx) it walks the
// input channels 16 at a time through workgroup memory, so an index costs an addition: what a position
// reads is found once for each (dy, dx). Sums run over (dy, dx), then k: always the same order.

struct Params {
    batch: u32,
    inputs: u32,
    height: u32,
    width: u32,
    outputs: u32,
    out_height: u32,
    out_width: u32,
    side: u32,
    stride: u32,
    upsample: u32,
    has_shift: u32,
    has_residual: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;
@group(0) @binding(4) var<storage, read> shift: array<f32>;
@group(0) @binding(5) var<storage, read> residual: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<f32>;

// 16 input channels × 16 quads: of output channels, and of positions.
var<workgroup> weights_tile: array<vec4<f32>, 256>;
var<workgroup> inputs_tile: array<vec4<f32>, 256>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let positions = params.batch * params.out_height * params.out_width;
    let tiles = (positions + 63u) / 64u;
    let blocks = (params.outputs + 63u) / 64u;
    let group = flat_workgroup(workgroup, workgroups);
    let block = group / tiles;
    if block >= blocks {
        return;
    }
    let first_position = (group % tiles) * 64u;

    // What this lane brings to workgroup memory: one quad, every fourth input channel.
    let quad = lane % 16u;
    let first_row = lane / 16u;
    let quads = (params.outputs + 3u) / 4u;
    let weight_quad = block * 16u + quad;
    let plane = params.height * params.width;
    let places = place_of(first_position + 4u * quad, positions);

    // Quads of channels ty and ty + 8, of positions tx and tx + 8: rows are channels.
    let tx = lane % 8u;
    let ty = lane / 8u;
    var s00 = vec4<f32>(); var s01 = vec4<f32>();
    var s10 = vec4<f32>(); var s11 = vec4<f32>();
    var s20 = vec4<f32>(); var s21 = vec4<f32>();
    var s30 = vec4<f32>(); var s31 = vec4<f32>();
    var s40 = vec4<f32>(); var s41 = vec4<f32>();
    var s50 = vec4<f32>(); var s51 = vec4<f32>();
    var s60 = vec4<f32>(); var s61 = vec4<f32>();
    var s70 = vec4<f32>(); var s71 = vec4<f32>();

    let taps = params.side * params.side;
    for (var tap = 0u; tap < taps; tap++) {
        let seen = seen_from(places, tap);
        for (var k = 0u; k < params.inputs; k += 16u) {
            workgroupBarrier();
            for (var i = 0u; i < 4u; i++) {
                let row = first_row + 4u * i;
                let channel = k + row;
                var weights = vec4<f32>();
                var inputs = vec4<f32>();
                if channel < params.inputs {
                    if weight_quad < quads {
                        weights = weights_at((channel * taps + tap) * quads + weight_quad);
                    }
                    let at = seen.at + channel * plane;
                    if seen.inside.x { inputs.x = input[at.x]; }
                    if seen.inside.y { inputs.y = input[at.y]; }
                    if seen.inside.z { inputs.z = input[at.z]; }
                    if seen.inside.w { inputs.w = input[at.w]; }
                }
                weights_tile[row * 16u + quad] = weights;
                inputs_tile[row * 16u + quad] = inputs;
            }
            workgroupBarrier();
            for (var row = 0u; row < 16u; row++) {
                let a = weights_tile[row * 16u + ty];
                let b = weights_tile[row * 16u + 8u + ty];
                let p = inputs_tile[row * 16u + tx];
                let q = inputs_tile[row * 16u + 8u + tx];
                s00 += a.x * p; s01 += a.x * q;
                s10 += a.y * p; s11 += a.y * q;
                s20 += a.z * p; s21 += a.z * q;
                s30 += a.w * p; s31 += a.w * q;
                s40 += b.x * p; s41 += b.x * q;
                s50 += b.y * p; s51 += b.y * q;
                s60 += b.z * p; s61 += b.z * q;
                s70 += b.w * p; s71 += b.w * q;
            }
        }
    }

    let m = block * 64u + 4u * ty;
    let at = first_position + 4u * tx;
    finish(m, at, s00); finish(m, at + 32u, s01);
    finish(m + 1u, at, s10); finish(m + 1u, at + 32u, s11);
    finish(m + 2u, at, s20); finish(m + 2u, at + 32u, s21);
    finish(m + 3u, at, s30); finish(m + 3u, at + 32u, s31);
    finish(m + 32u, at, s40); finish(m + 32u, at + 32u, s41);
    finish(m + 33u, at, s50); finish(m + 33u, at + 32u, s51);
    finish(m + 34u, at, s60); finish(m + 34u, at + 32u, s61);
    finish(m + 35u, at, s70); finish(m + 35u, at + 32u, s71);
}

// Four positions of the output: where their image begins in the input, and their top left corner there.
struct Places {
    image: vec4<u32>,
    y: vec4<i32>,
    x: vec4<i32>,
    inside: vec4<bool>,
}

fn place_of(first: u32, positions: u32) -> Places {
    let at = first + vec4(0u, 1u, 2u, 3u);
    let pad = i32(params.side / 2u);
    let row = at / params.out_width;
    return Places(
        row / params.out_height * (params.inputs * params.height * params.width),
        vec4<i32>(row % params.out_height * params.stride) - pad,
        vec4<i32>(at % params.out_width * params.stride) - pad,
        at < vec4(positions),
    );
}

// What four positions see through one tap of the kernel, in the first channel.
struct Seen {
    at: vec4<u32>,
    inside: vec4<bool>,
}

fn seen_from(places: Places, tap: u32) -> Seen {
    let y = places.y + i32(tap / params.side);
    let x = places.x + i32(tap % params.side);
    let rows = vec4(i32(params.height << params.upsample));
    let columns = vec4(i32(params.width << params.upsample));
    let zero = vec4<i32>();
    let inside = places.inside & (y >= zero) & (y < rows) & (x >= zero) & (x < columns);
    let zoom = vec4(params.upsample);
    let at = places.image + (vec4<u32>(max(y, zero)) >> zoom) * params.width
        + (vec4<u32>(max(x, zero)) >> zoom);
    return Seen(at, inside);
}

// Weights 4·quad to 4·quad + 3.
fn weights_at(quad: u32) -> vec4<f32> {
    if HALF {
        let words = weight[quad];
        return vec4(unpack2x16float(words.x), unpack2x16float(words.y));
    }
    return bitcast<vec4<f32>>(vec4(weight[2u * quad], weight[2u * quad + 1u]));
}

// Adds what else is to be added to one channel at four positions, and writes.
fn finish(m: u32, first: u32, sums: vec4<f32>) {
    if m >= params.outputs {
        return;
    }
    let added = weight_in(bias[word_of(m)], m);
    let image = params.out_height * params.out_width;
    for (var i = 0u; i < 4u; i++) {
        let position = first + i;
        let n = position / image;
        if n >= params.batch {
            return;
        }
        let channel = n * params.outputs + m;
        let at = channel * image + position % image;
        var value = sums[i] + added;
        if params.has_shift != 0u {
            value += shift[channel];
        }
        if params.has_residual != 0u {
            value += residual[at];
        }
        output[at] = value;
    }
}
