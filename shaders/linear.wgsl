// output[n, m] = Σ_k weight[m, k]·f(input[n, k]) + bias[m] for each of several layers, f the SiLU where `silu`.
//
// input [N, K]; of a layer weight [M, K], bias [M] and output [N, M], which begin where its row of `layers` says. Rows of
// all layers are counted through. The N are several times `images`: the output of the next ones lies `apart` numbers further
// on. One workgroup makes one row of four images: its 64 lanes sum every 64th product of
// each, then those are added as shared/reduce_*.wgsl has it, always in the same order.

struct Params {
    batch: u32,
    inputs: u32,
    rows: u32,
    layers: u32,
    silu: u32,
    images: u32,
    apart: u32,
}

// Where a layer's rows begin among all, and how many they are; its first weight, bias and number of the output.
struct Layer {
    first: u32,
    rows: u32,
    weight: u32,
    bias: u32,
    output: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;
@group(0) @binding(4) var<storage, read> layers: array<Layer>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

const LANES: u32 = 64u;
const IMAGES: u32 = 4u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    let n = group / params.rows * IMAGES;
    if n >= params.batch {
        return;
    }
    let row = group % params.rows;
    var which = 0u;
    for (var i = 1u; i < params.layers; i++) {
        which = select(which, i, row >= layers[i].first);
    }
    let layer = layers[which];
    let m = row - layer.first;

    let first = layer.weight + m * params.inputs;
    var mine = vec4<f32>();
    for (var k = lane; k < params.inputs; k += LANES) {
        let factor = weight_in(weight[word_of(first + k)], first + k);
        mine += factor * vec4(seen(n, k), seen(n + 1u, k), seen(n + 2u, k), seen(n + 3u, k));
    }
    let at = layer.bias + m;
    let shift = weight_in(bias[word_of(at)], at);
    for (var i = 0u; i < min(IMAGES, params.batch - n); i++) {
        let all = sum(lane, mine[i]);
        if lane == 0u {
            let image = n + i;
            let before = image / params.images * params.apart + image % params.images * layer.rows;
            output[layer.output + before + m] = all + shift;
        }
    }
}

// What a layer sees of an image; 0 behind the last one.
fn seen(n: u32, k: u32) -> f32 {
    if n >= params.batch {
        return 0.0;
    }
    let given = input[n * params.inputs + k];
    return select(given, silu(given), params.silu != 0u);
}
