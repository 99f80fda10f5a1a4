// output[n, h·c + d, q] = Σ_k p_k·v[d, k], p = softmax_k(Σ_d q[d, q]·k[d, k]/√c): self-attention.
//
// qkv [N, 3C, P]: head h owns rows 3·h·c to 3·(h+1)·c of an image, c rows each of q, k and v;
// output [N, C, P].
//
// The plain variant, without workgroup memory: an invocation owns one query of one head, lanes being
// neighbouring queries, so that q and the output are read and written side by side and a key is the same
// for all lanes. It walks the keys 16 at a time with a running maximum and a running sum (online
// softmax); what it has gathered lies in its own column of the output, which it scales as it goes. Any c.
// All sums run in order.

struct Params {
    batch: u32,
    heads: u32,
    rows: u32,
    positions: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

const LOWEST: f32 = -3.4e38;

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
    let queries = 3u * head * rows * positions + q;
    let keys = (3u * head + 1u) * rows * positions;
    let values = (3u * head + 2u) * rows * positions;
    let out = head * rows * positions + q;

    var largest = LOWEST;
    var total = 0.0;
    for (var first = 0u; first < positions; first += 16u) {
        // Past the last key, the last again; what it adds is left out below.
        let last = positions - 1u;
        let at0 = min(first + vec4(0u, 1u, 2u, 3u), vec4(last));
        let at1 = min(first + vec4(4u, 5u, 6u, 7u), vec4(last));
        let at2 = min(first + vec4(8u, 9u, 10u, 11u), vec4(last));
        let at3 = min(first + vec4(12u, 13u, 14u, 15u), vec4(last));
        var s0 = vec4<f32>();
        var s1 = vec4<f32>();
        var s2 = vec4<f32>();
        var s3 = vec4<f32>();
        for (var d = 0u; d < rows; d++) {
            let query = qkv[queries + d * positions] * params.scale;
            let row = keys + d * positions;
            s0 += query * four(row, at0);
            s1 += query * four(row, at1);
            s2 += query * four(row, at2);
            s3 += query * four(row, at3);
        }
        let before = largest;
        let tops = max(max(s0, s1), max(s2, s3));
        largest = max(largest, max(max(tops.x, tops.y), max(tops.z, tops.w)));
        s0 = shares(s0, largest, first, positions);
        s1 = shares(s1, largest, first + 4u, positions);
        s2 = shares(s2, largest, first + 8u, positions);
        s3 = shares(s3, largest, first + 12u, positions);
        let kept = exp(before - largest);
        let ones = vec4(1.0);
        total = total * kept + dot(s0, ones) + dot(s1, ones) + dot(s2, ones) + dot(s3, ones);
        for (var d = 0u; d < rows; d++) {
            let row = values + d * positions;
            let gathered = dot(s0, four(row, at0)) + dot(s1, four(row, at1))
                + dot(s2, four(row, at2)) + dot(s3, four(row, at3));
            let at = out + d * positions;
            if first == 0u {
                output[at] = gathered;
            } else {
                output[at] = output[at] * kept + gathered;
            }
        }
    }
    for (var d = 0u; d < rows; d++) {
        output[out + d * positions] /= total;
    }
}

fn four(row: u32, at: vec4<u32>) -> vec4<f32> {
    return vec4(qkv[row + at.x], qkv[row + at.y], qkv[row + at.z], qkv[row + at.w]);
}

// exp(score - largest), 0 past the last key.
fn shares(scores: vec4<f32>, largest: f32, first: u32, positions: u32) -> vec4<f32> {
    let there = first + vec4(0u, 1u, 2u, 3u) < vec4(positions);
    return select(vec4<f32>(), exp(scores - largest), there);
}
