// The convolution as a matrix product [M, R]·[R, N·P] whose second factor is never written out;
// shared/conv.wgsl has what is computed.
//
// The variant for processors with many registers: a workgroup of 64 owns 64 channels × 64 positions
// (counted over the whole batch), a lane 8×8 of them, as 16 sums of four. For each (dy, dx) it walks the
// input channels 16 at a time through workgroup memory, so an index costs an addition: what a position
// reads is found once for each (dy, dx). Sums run over (dy, dx), then k: always the same order.
//
// What 16 channels cost a lane: 1024 multiply-additions; 4 weights and 4 inputs of four from memory,
// which neighbours read side by side; 64 vectors from workgroup memory, whose addresses differ by one
// vector between lanes or are the same, so no bank is asked twice; two barriers. So 16 operations for
// each number from workgroup memory, and 64 for each from memory: above what a GPU's memory asks for,
// where it has workgroups enough. Small images have few: they are cut along the input channels too. Once the
// batch makes enough of them, stretches are JOINED: another 16 sums of four in registers, and nothing is
// written that is not the result.

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
    let block = group / tiles % blocks;
    let stretches = select(1u, params.splits, JOINED);
    let first_split = group / tiles / blocks * stretches;
    if first_split >= params.splits {
        return;
    }
    let first_position = (group % tiles) * 64u;

    // What this lane brings to workgroup memory: one quad, every fourth input channel.
    let quad = lane % 16u;
    let first_row = lane / 16u;
    let quads = (params.outputs + 3u) / 4u;
    let weight_quad = block * 16u + quad;
    let plane = params.height * params.width;
    let p0 = place_of(first_position + 4u * quad);
    let p1 = place_of(first_position + 4u * quad + 1u);
    let p2 = place_of(first_position + 4u * quad + 2u);
    let p3 = place_of(first_position + 4u * quad + 3u);
    let image = params.out_height * params.out_width;
    let skipped = first_position + 4u * quad + vec4(0u, 1u, 2u, 3u);
    let skip_inside = skipped < vec4(positions);
    let skip_at = vec4(skip_place(skipped.x), skip_place(skipped.y), skip_place(skipped.z), skip_place(skipped.w));

    // Quads of channels ty and ty + 8, of positions tx and tx + 8: rows are channels.
    let tx = lane % 8u;
    let ty = lane / 8u;
    var t00 = vec4<f32>(); var t01 = vec4<f32>();
    var t10 = vec4<f32>(); var t11 = vec4<f32>();
    var t20 = vec4<f32>(); var t21 = vec4<f32>();
    var t30 = vec4<f32>(); var t31 = vec4<f32>();
    var t40 = vec4<f32>(); var t41 = vec4<f32>();
    var t50 = vec4<f32>(); var t51 = vec4<f32>();
    var t60 = vec4<f32>(); var t61 = vec4<f32>();
    var t70 = vec4<f32>(); var t71 = vec4<f32>();

    let taps = params.side * params.side;
    for (var split = first_split; split < first_split + stretches; split++) {
        var s00 = vec4<f32>(); var s01 = vec4<f32>();
        var s10 = vec4<f32>(); var s11 = vec4<f32>();
        var s20 = vec4<f32>(); var s21 = vec4<f32>();
        var s30 = vec4<f32>(); var s31 = vec4<f32>();
        var s40 = vec4<f32>(); var s41 = vec4<f32>();
        var s50 = vec4<f32>(); var s51 = vec4<f32>();
        var s60 = vec4<f32>(); var s61 = vec4<f32>();
        var s70 = vec4<f32>(); var s71 = vec4<f32>();
        // The residual's channels are the last tap's, where there are such.
        for (var tap = 0u; tap < taps + u32(params.skip_inputs != 0u); tap++) {
            let skips = tap == taps;
            let first_channel = split * select(params.split_inputs, params.split_skip, skips);
            let end = select(
                min(first_channel + params.split_inputs, params.inputs),
                min(first_channel + params.split_skip, params.skip_inputs),
                skips,
            );
            let v0 = seen_from(p0, tap);
            let v1 = seen_from(p1, tap);
            let v2 = seen_from(p2, tap);
            let v3 = seen_from(p3, tap);
            for (var k = first_channel; k < end; k += 16u) {
                workgroupBarrier();
                for (var i = 0u; i < 4u; i++) {
                    let row = first_row + 4u * i;
                    let channel = k + row;
                    var weights = vec4<f32>();
                    var inputs = vec4<f32>();
                    if channel < end {
                        if weight_quad < quads {
                            let row = select(channel * taps + tap, channel, skips);
                            let before = select(0u, params.skip_weight, skips);
                            weights = weights_at(before + row * quads + weight_quad);
                        }
                        if skips {
                            let at = skip_at + channel * image;
                            if skip_inside.x { inputs.x = residual_at(at.x); }
                            if skip_inside.y { inputs.y = residual_at(at.y); }
                            if skip_inside.z { inputs.z = residual_at(at.z); }
                            if skip_inside.w { inputs.w = residual_at(at.w); }
                        } else {
                            let ahead = channel * plane;
                            if v0.inside { inputs.x = f32(input[v0.at + ahead]); }
                            if v1.inside { inputs.y = f32(input[v1.at + ahead]); }
                            if v2.inside { inputs.z = f32(input[v2.at + ahead]); }
                            if v3.inside { inputs.w = f32(input[v3.at + ahead]); }
                        }
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
        if JOINED {
            t00 += s00; t01 += s01;
            t10 += s10; t11 += s11;
            t20 += s20; t21 += s21;
            t30 += s30; t31 += s31;
            t40 += s40; t41 += s41;
            t50 += s50; t51 += s51;
            t60 += s60; t61 += s61;
            t70 += s70; t71 += s71;
        } else {
            t00 = s00; t01 = s01;
            t10 = s10; t11 = s11;
            t20 = s20; t21 = s21;
            t30 = s30; t31 = s31;
            t40 = s40; t41 = s41;
            t50 = s50; t51 = s51;
            t60 = s60; t61 = s61;
            t70 = s70; t71 = s71;
        }
    }

    let m = block * 64u + 4u * ty;
    let at = first_position + 4u * tx;
    finish_four(first_split, m, at, t00); finish_four(first_split, m, at + 32u, t01);
    finish_four(first_split, m + 1u, at, t10); finish_four(first_split, m + 1u, at + 32u, t11);
    finish_four(first_split, m + 2u, at, t20); finish_four(first_split, m + 2u, at + 32u, t21);
    finish_four(first_split, m + 3u, at, t30); finish_four(first_split, m + 3u, at + 32u, t31);
    finish_four(first_split, m + 32u, at, t40); finish_four(first_split, m + 32u, at + 32u, t41);
    finish_four(first_split, m + 33u, at, t50); finish_four(first_split, m + 33u, at + 32u, t51);
    finish_four(first_split, m + 34u, at, t60); finish_four(first_split, m + 34u, at + 32u, t61);
    finish_four(first_split, m + 35u, at, t70); finish_four(first_split, m + 35u, at + 32u, t71);
}

// Ends one channel at four positions, counted over the batch.
fn finish_four(split: u32, m: u32, first: u32, sums: vec4<f32>) {
    let image = params.out_height * params.out_width;
    for (var i = 0u; i < 4u; i++) {
        let position = first + i;
        finish(split, position / image, m, position % image, sums[i]);
    }
}
