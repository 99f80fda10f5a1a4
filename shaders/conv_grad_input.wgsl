// The gradient of a convolution with respect to its input, as shared/conv_grad_input.wgsl has it.
//
// The plain variant: one invocation makes 8 channels at one position, without workgroup memory. A gradient
// is read once for 8 products; the weights are the same for all lanes of a workgroup.

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let positions = params.height * params.width;
    let tiles = (positions + 63u) / 64u;
    let blocks = (params.inputs + 7u) / 8u;
    let group = flat_workgroup(workgroup, workgroups);
    let position = (group % tiles) * 64u + lane;
    let n = group / tiles / blocks;
    let first = (group / tiles) % blocks * 8u;
    if n >= params.batch || position >= positions {
        return;
    }
    let pad = i32(params.side / 2u);
    let stride = i32(params.stride);
    let y = i32(position / params.width) + pad;
    let x = i32(position % params.width) + pad;

    let quads = (params.outputs + 3u) / 4u;
    let taps = params.side * params.side;
    let plane = params.out_height * params.out_width;
    var sums: array<f32, 8>;
    for (var dy = 0u; dy < params.side; dy++) {
        let up = around(y - i32(dy), i32(params.height), params.wrap_y);
        let row = up / stride;
        if up < 0 || row * stride != up || row >= i32(params.out_height) {
            continue;
        }
        for (var dx = 0u; dx < params.side; dx++) {
            let left = around(x - i32(dx), i32(params.width), params.wrap_x);
            let column = left / stride;
            if left < 0 || column * stride != left || column >= i32(params.out_width) {
                continue;
            }
            let seen = n * params.outputs * plane + u32(row) * params.out_width + u32(column);
            let tap = dy * params.side + dx;
            for (var quad = 0u; quad < quads; quad++) {
                let given = four(seen, 4u * quad, plane);
                for (var i = 0u; i < 8u; i++) {
                    // Past the last channel, the last again; it is not written.
                    let k = min(first + i, params.inputs - 1u);
                    sums[i] += dot(given, weights_at((k * taps + tap) * quads + quad));
                }
            }
        }
    }
    for (var i = 0u; i < 8u; i++) {
        if first + i < params.inputs {
            finish_at((n * params.inputs + first + i) * positions + position, sums[i]);
        }
    }
}

// The gradients of channels m to m + 3 at one position, 0 past the last channel.
fn four(seen: u32, m: u32, plane: u32) -> vec4<f32> {
    var given = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        if m + i < params.outputs {
            given[i] = f32(grad[seen + (m + i) * plane]);
        }
    }
    return given;
}
