// The gradient of a convolution with respect to its weight, as shared/conv_grad_weight.wgsl has it: a
// matrix product that sums over all positions of the batch.
//
// The variant for processors with many registers: a workgroup of 64 owns 64 rows m × 64
// columns, a lane 8×8 of them, as 16 sums of four; it walks the positions 16 at a time through workgroup
// memory. Columns are counted as (dy, dx) · K' + k, K' being K rounded up to 16, so that the 16 columns
// that a lane brings have one (dy, dx).
//
// There may be too few such blocks for a device: the positions are cut into `parts`, the sums of which lie
// one after the other in the output, for sum_parts. Sums run in order of position: always the same.

// 16 positions × 16 quads of rows, and of columns; a quad more, against conflicts of banks.
var<workgroup> grads_tile: array<vec4<f32>, 272>;
var<workgroup> inputs_tile: array<vec4<f32>, 272>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let taps = params.side * params.side;
    let padded = (params.inputs + 15u) / 16u * 16u;
    let tiles = (taps * padded + 63u) / 64u;
    let blocks = (params.rows + 63u) / 64u;
    let group = flat_workgroup(workgroup, workgroups);
    let part = group / tiles / blocks;
    if part >= params.parts {
        return;
    }
    let block = (group / tiles) % blocks;
    let tile = group % tiles;
    let plane = params.out_height * params.out_width;
    let positions = params.batch * plane;
    let chunks = (positions + 15u) / 16u;
    let each = (chunks + params.parts - 1u) / params.parts;
    let begin = min(part * each, chunks);
    let end = min(begin + each, chunks);

    // What this lane brings to workgroup memory: one position, 16 rows and 16 columns.
    let mine = lane % 16u;
    let sixteen = lane / 16u;
    let first_row = block * 64u + 16u * sixteen;
    let first_column = tile * 64u + 16u * sixteen;
    let tap = first_column / padded;
    let first_channel = first_column % padded;
    let pad = i32(params.side / 2u);
    let dy = i32(tap / params.side) - pad;
    let dx = i32(tap % params.side) - pad;
    let height = i32(params.height << params.upsample);
    let width = i32(params.width << params.upsample);
    let input_plane = params.height * params.width;

    // Quads of rows ty and ty + 8, of columns tx and tx + 8.
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

    for (var chunk = begin; chunk < end; chunk++) {
        let position = chunk * 16u + mine;
        let there = position < positions;
        let n = position / plane;
        let y = around(i32(position % plane / params.out_width * params.stride) + dy, height, params.wrap_y);
        let x = around(i32(position % params.out_width * params.stride) + dx, width, params.wrap_x);
        let inside = there && tap < taps && y >= 0 && y < height && x >= 0 && x < width;
        var source = (n * params.outputs + first_row) * plane + position % plane;
        var seen = (n * params.inputs + first_channel) * input_plane
            + (u32(max(y, 0)) >> params.upsample) * params.width + (u32(max(x, 0)) >> params.upsample);
        workgroupBarrier();
        for (var i = 0u; i < 4u; i++) {
            var grads = vec4<f32>();
            var inputs = vec4<f32>();
            for (var j = 0u; j < 4u; j++) {
                if there && first_row + 4u * i + j < params.outputs {
                    grads[j] = f32(grad[source]);
                }
                if inside && first_channel + 4u * i + j < params.inputs {
                    inputs[j] = f32(input[seen]);
                }
                source += plane;
                seen += input_plane;
            }
            grads_tile[mine * 17u + 4u * sixteen + i] = grads;
            inputs_tile[mine * 17u + 4u * sixteen + i] = inputs;
        }
        workgroupBarrier();
        for (var row = 0u; row < 16u; row++) {
            let a = grads_tile[row * 17u + ty];
            let b = grads_tile[row * 17u + 8u + ty];
            let p = inputs_tile[row * 17u + tx];
            let q = inputs_tile[row * 17u + 8u + tx];
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

    let m = block * 64u + 4u * ty;
    let column = tile * 64u + 4u * tx;
    finish(part, m + 0u, column, s00); finish(part, m + 0u, column + 32u, s01);
    finish(part, m + 1u, column, s10); finish(part, m + 1u, column + 32u, s11);
    finish(part, m + 2u, column, s20); finish(part, m + 2u, column + 32u, s21);
    finish(part, m + 3u, column, s30); finish(part, m + 3u, column + 32u, s31);
    finish(part, m + 32u, column, s40); finish(part, m + 32u, column + 32u, s41);
    finish(part, m + 33u, column, s50); finish(part, m + 33u, column + 32u, s51);
    finish(part, m + 34u, column, s60); finish(part, m + 34u, column + 32u, s61);
    finish(part, m + 35u, column, s70); finish(part, m + 35u, column + 32u, s71);
}

// Writes one row of four columns, which have one (dy, dx).
fn finish(part: u32, m: u32, first: u32, sums: vec4<f32>) {
    let taps = params.side * params.side;
    let padded = (params.inputs + 15u) / 16u * 16u;
    let tap = first / padded;
    if m >= params.rows || tap >= taps {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        let k = first % padded + i;
        if k < params.inputs {
            let at = m * params.row_stride + (k * taps + tap) * params.column_stride;
            output[part * params.part_stride + at] = sums[i];
        }
    }
}
