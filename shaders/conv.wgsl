// output[n, m, y, x] = bias[m] + shift[n, m] + residual[n, m, y, x]
//                    + Σ_{k, dy, dx} weight[k, dy, dx, m]·in[n, k, stride·y + dy - pad, stride·x + dx - pad]
//
// `in` is the input [N, K, H, W], each value repeated 2×2 where `upsample`, and 0 outside; pad = side/2;
// `side` is that of the kernel. weight is [K, side, side, M], M padded with zeros to a multiple of 4, so
// that channels lie beside each other; it is read four at a time. shift and residual only where flagged.
//
// The plain variant: one invocation makes 8 channels at one position, without workgroup memory. An input
// value is read once for 8 products; the weights are the same for all lanes of a workgroup.

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

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let positions = params.out_height * params.out_width;
    let tiles = (positions + 63u) / 64u;
    let blocks = (params.outputs + 7u) / 8u;
    let group = flat_workgroup(workgroup, workgroups);
    let position = (group % tiles) * 64u + lane;
    let n = group / tiles / blocks;
    let m = (group / tiles) % blocks * 8u;
    if n >= params.batch || position >= positions {
        return;
    }
    let y = position / params.out_width;
    let x = position % params.out_width;

    let quads = (params.outputs + 3u) / 4u;
    let first = m / 4u;
    // The last block may have one quad only; the other then repeats it and is not written.
    let second = min(first + 1u, quads - 1u);
    var low = vec4<f32>();
    var high = vec4<f32>();
    let pad = i32(params.side / 2u);
    let rows = i32(params.height << params.upsample);
    let columns = i32(params.width << params.upsample);
    for (var dy = 0u; dy < params.side; dy++) {
        let iy = i32(y * params.stride + dy) - pad;
        if iy < 0 || iy >= rows {
            continue;
        }
        for (var dx = 0u; dx < params.side; dx++) {
            let ix = i32(x * params.stride + dx) - pad;
            if ix < 0 || ix >= columns {
                continue;
            }
            let plane = params.height * params.width;
            var at = n * params.inputs * plane
                + (u32(iy) >> params.upsample) * params.width + (u32(ix) >> params.upsample);
            var row = (dy * params.side + dx) * quads;
            for (var k = 0u; k < params.inputs; k++) {
                let value = input[at];
                low += value * weights_at(row + first);
                high += value * weights_at(row + second);
                at += plane;
                row += params.side * params.side * quads;
            }
        }
    }
    for (var j = 0u; j < 4u; j++) {
        finish(n, m + j, position, low[j]);
        finish(n, m + 4u + j, position, high[j]);
    }
}

// Weights 4·quad to 4·quad + 3.
fn weights_at(quad: u32) -> vec4<f32> {
    if HALF {
        let words = weight[quad];
        return vec4(unpack2x16float(words.x), unpack2x16float(words.y));
    }
    return bitcast<vec4<f32>>(vec4(weight[2u * quad], weight[2u * quad + 1u]));
}

// Adds what else is to be added, and writes.
fn finish(n: u32, m: u32, position: u32, sum: f32) {
    if m >= params.outputs {
        return;
    }
    let channel = n * params.outputs + m;
    let at = channel * params.out_height * params.out_width + position;
    var value = sum + weight_in(bias[word_of(m)], m);
    if params.has_shift != 0u {
        value += shift[channel];
    }
    if params.has_residual != 0u {
        value += residual[at];
    }
    output[at] = value;
}
