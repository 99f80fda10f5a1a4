// What the gradients of self-attention share, for each query q of each head:
//
//     output[n, h, q] = (largest score, 1/Σ_k exp(score - largest), Σ_d grad[d, q]·made[d, q], 0)
//
// score = Σ_d q[d, q]·k[d, k]/√c. qkv [N, 3C, P]: head h owns rows 3·h·c to 3·(h+1)·c of an image, c rows
// each of q, k and v; made and grad [N, C, P], the attention's result and its gradient; output [N, heads, P].
//
// One invocation owns one query, lanes being neighbouring queries, so that a key is the same for all. It
// walks the keys four at a time with a running maximum and a running sum. All sums run in order.

struct Params {
    batch: u32,
    heads: u32,
    rows: u32,
    positions: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<Qkv>;
@group(0) @binding(2) var<storage, read> made: array<Made>;
@group(0) @binding(3) var<storage, read> grad: array<Grad>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let positions = params.positions;
    let rows = params.rows;
    let tiles = (positions + 63u) / 64u;
    let group = flat_workgroup(workgroup, workgroups);
    let head = group / tiles;
    let q = (group % tiles) * 64u + lane;
    if head >= params.batch * params.heads || q >= positions {
        return;
    }
    let queries = 3u * head * rows * positions;
    let keys = queries + rows * positions;
    let out = head * rows * positions + q;

    var largest = -3.4e38;
    var total = 0.0;
    for (var first = 0u; first < positions; first += 4u) {
        let at = places(first, positions);
        var scores = vec4<f32>();
        for (var d = 0u; d < rows; d++) {
            let row = keys + d * positions;
            let key = vec4(f32(qkv[row + at.x]), f32(qkv[row + at.y]), f32(qkv[row + at.z]), f32(qkv[row + at.w]));
            scores += params.scale * f32(qkv[queries + d * positions + q]) * key;
        }
        let before = largest;
        largest = max(largest, max(max(scores.x, scores.y), max(scores.z, scores.w)));
        let there = first + vec4(0u, 1u, 2u, 3u) < vec4(positions);
        let shares = select(vec4<f32>(), exp(scores - largest), there);
        total = total * exp(before - largest) + dot(shares, vec4(1.0));
    }
    var mean = 0.0;
    for (var d = 0u; d < rows; d++) {
        mean += f32(grad[out + d * positions]) * f32(made[out + d * positions]);
    }
    output[head * positions + q] = vec4(largest, 1.0 / total, mean, 0.0);
}

// Four neighbouring keys; past the last, the last again.
fn places(first: u32, positions: u32) -> vec4<u32> {
    return min(first + vec4(0u, 1u, 2u, 3u), vec4(positions - 1u));
}
