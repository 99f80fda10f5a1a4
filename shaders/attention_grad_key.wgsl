// The gradient of self-attention with respect to k and v, the plain variant, without workgroup memory;
// shared/attention_grad_key.wgsl has what is computed.
//
// An invocation owns one key of one head, lanes being neighbouring keys, so that a query is the same for all. It
// walks the queries 16 at a time and gathers BLOCK rows of each gradient as it goes. A head of more rows is walked
// again for each BLOCK of them: any c. All sums run in order.

const BLOCK: u32 = 128u;

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
    let k = (group % tiles) * 64u + lane;
    if head >= params.batch * params.heads || k >= positions {
        return;
    }
    for (var first_row = 0u; first_row < rows; first_row += BLOCK) {
        gather(head, k, first_row, min(BLOCK, rows - first_row));
    }
}

// So many rows of either part of the output.
fn gather(head: u32, k: u32, first_row: u32, count: u32) {
    let positions = params.positions;
    let rows = params.rows;
    let queries = 3u * head * rows * positions;
    let keys = queries + rows * positions + k;
    let values = keys + rows * positions;
    let given = head * rows * positions;

    var of_key: array<f32, BLOCK>;
    var of_value: array<f32, BLOCK>;
    for (var first = 0u; first < positions; first += 16u) {
        let at0 = places(first);
        let at1 = places(first + 4u);
        let at2 = places(first + 8u);
        let at3 = places(first + 12u);
        var s0 = vec4<f32>();
        var s1 = vec4<f32>();
        var s2 = vec4<f32>();
        var s3 = vec4<f32>();
        var t0 = vec4<f32>();
        var t1 = vec4<f32>();
        var t2 = vec4<f32>();
        var t3 = vec4<f32>();
        for (var d = 0u; d < rows; d++) {
            let key = f32(qkv[keys + d * positions]) * params.scale;
            let value = f32(qkv[values + d * positions]);
            let query = queries + d * positions;
            let slope = given + d * positions;
            s0 += key * four(query, at0);
            s1 += key * four(query, at1);
            s2 += key * four(query, at2);
            s3 += key * four(query, at3);
            t0 += value * four_of_grad(slope, at0);
            t1 += value * four_of_grad(slope, at1);
            t2 += value * four_of_grad(slope, at2);
            t3 += value * four_of_grad(slope, at3);
        }
        s0 = shares(s0, head * positions, at0, first);
        s1 = shares(s1, head * positions, at1, first + 4u);
        s2 = shares(s2, head * positions, at2, first + 8u);
        s3 = shares(s3, head * positions, at3, first + 12u);
        t0 = slopes(s0, t0, head * positions, at0);
        t1 = slopes(s1, t1, head * positions, at1);
        t2 = slopes(s2, t2, head * positions, at2);
        t3 = slopes(s3, t3, head * positions, at3);
        for (var d = 0u; d < count; d++) {
            let query = queries + (first_row + d) * positions;
            let slope = given + (first_row + d) * positions;
            of_key[d] += dot(t0, four(query, at0)) + dot(t1, four(query, at1))
                + dot(t2, four(query, at2)) + dot(t3, four(query, at3));
            of_value[d] += dot(s0, four_of_grad(slope, at0)) + dot(s1, four_of_grad(slope, at1))
                + dot(s2, four_of_grad(slope, at2)) + dot(s3, four_of_grad(slope, at3));
        }
    }
    for (var d = 0u; d < count; d++) {
        let row = (first_row + d) * positions;
        output[keys + row] = Output(of_key[d] * params.scale);
        output[values + row] = Output(of_value[d]);
    }
}

// p of four queries, 0 past the last.
fn shares(scores: vec4<f32>, base: u32, at: vec4<u32>, first: u32) -> vec4<f32> {
    let largest = vec4(
        laws[base + at.x].x, laws[base + at.y].x, laws[base + at.z].x, laws[base + at.w].x,
    );
    let inverse = vec4(
        laws[base + at.x].y, laws[base + at.y].y, laws[base + at.z].y, laws[base + at.w].y,
    );
    let there = first + vec4(0u, 1u, 2u, 3u) < vec4(params.positions);
    return select(vec4<f32>(), exp(scores - largest) * inverse, there);
}

// ∂s of four queries whose shares these are.
fn slopes(shares: vec4<f32>, values: vec4<f32>, base: u32, at: vec4<u32>) -> vec4<f32> {
    let mean = vec4(
        laws[base + at.x].z, laws[base + at.y].z, laws[base + at.z].z, laws[base + at.w].z,
    );
    return shares * (values - mean);
}
