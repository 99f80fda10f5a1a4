// The gradient of a convolution with respect to its weight, as shared/conv_grad_weight.wgsl has it.
//
// The plain variant, without workgroup memory: one invocation makes 4 rows of one column, lanes being
// neighbouring columns, so that a gradient is the same for all lanes. It sums each row of an image by
// itself, then the rows, then the images: always the same order, and errors of rounding stay small. One
// part only.

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let taps = params.side * params.side;
    let columns = params.inputs * taps;
    let tiles = (columns + 63u) / 64u;
    let group = flat_workgroup(workgroup, workgroups);
    let column = (group % tiles) * 64u + lane;
    let m = group / tiles * 4u;
    if m >= params.rows || column >= columns {
        return;
    }
    let k = column / taps;
    let pad = i32(params.side / 2u);
    let dy = i32(column % taps / params.side) - pad;
    let dx = i32(column % params.side) - pad;
    let height = i32(params.height << params.upsample);
    let width = i32(params.width << params.upsample);
    let plane = params.out_height * params.out_width;
    // Past the last row, the last again; it is not written.
    let rows = min(m + vec4(0u, 1u, 2u, 3u), vec4(params.outputs - 1u)) * plane;
    var total = vec4<f32>();
    for (var n = 0u; n < params.batch; n++) {
        var image = vec4<f32>();
        for (var y = 0u; y < params.out_height; y++) {
            let iy = around(i32(params.stride * y) + dy, height, params.wrap_y);
            if iy < 0 || iy >= height {
                continue;
            }
            let source = ((n * params.inputs + k) * params.height + (u32(iy) >> params.upsample)) * params.width;
            var line = vec4<f32>();
            for (var x = 0u; x < params.out_width; x++) {
                let ix = around(i32(params.stride * x) + dx, width, params.wrap_x);
                if ix >= 0 && ix < width {
                    let at = n * params.outputs * plane + y * params.out_width + x + rows;
                    line += f32(input[source + (u32(ix) >> params.upsample)])
                        * vec4(f32(grad[at.x]), f32(grad[at.y]), f32(grad[at.z]), f32(grad[at.w]));
                }
            }
            image += line;
        }
        total += image;
    }
    for (var i = 0u; i < 4u; i++) {
        if m + i < params.rows {
            let sum = select(0.0, total[i], m + i < params.outputs);
            output[(m + i) * params.row_stride + column * params.column_stride] = sum;
        }
    }
}
