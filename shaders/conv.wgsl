// The convolution, the plain variant: one invocation makes 8 channels at one position, without workgroup
// memory. An input value is read once for 8 products; the weights are the same for all lanes of a
// workgroup. shared/conv.wgsl has what is computed. Never cut into stretches.

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
        let iy = around(i32(y * params.stride + dy) - pad, rows, params.wrap_y);
        if iy < 0 || iy >= rows {
            continue;
        }
        for (var dx = 0u; dx < params.side; dx++) {
            let ix = around(i32(x * params.stride + dx) - pad, columns, params.wrap_x);
            if ix < 0 || ix >= columns {
                continue;
            }
            let plane = params.height * params.width;
            var at = n * params.inputs * plane
                + (u32(iy) >> params.upsample) * params.width + (u32(ix) >> params.upsample);
            var row = (dy * params.side + dx) * quads;
            for (var k = 0u; k < params.inputs; k++) {
                let value = f32(input[at]);
                low += value * weights_at(row + first);
                high += value * weights_at(row + second);
                at += plane;
                row += params.side * params.side * quads;
            }
        }
    }
    var at = skip_place(n * positions + position);
    for (var l = 0u; l < params.skip_inputs; l++) {
        let value = residual_at(at);
        let row = params.skip_weight + l * quads;
        low += value * weights_at(row + first);
        high += value * weights_at(row + second);
        at += positions;
    }
    for (var j = 0u; j < 4u; j++) {
        finish(0u, n, m + j, position, low[j]);
        finish(0u, n, m + 4u + j, position, high[j]);
    }
}
