// The gradient of a convolution with respect to its input, as shared/conv_grad_input.wgsl has it: a matrix
// product whose second factor is never written out.
//
// The variant for processors with many registers: a workgroup of 64 owns 64 channels × 64 positions
// (counted over the whole batch), a lane 8×8 of them, as 16 sums of four. For each (dy, dx) it walks the
// channels m 16 at a time through workgroup memory. Sums run over (dy, dx), then m: always the same order.

// 16 channels m × 16 quads: of channels k, and of positions.
var<workgroup> weights_tile: array<vec4<f32>, 256>;
var<workgroup> grads_tile: array<vec4<f32>, 256>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let positions = params.batch * params.height * params.width;
    let tiles = (positions + 63u) / 64u;
    let blocks = (params.inputs + 63u) / 64u;
    let group = flat_workgroup(workgroup, workgroups);
    let block = group / tiles;
    if block >= blocks {
        return;
    }
    let first_position = (group % tiles) * 64u;

    // What this lane brings to workgroup memory: of weights one channel k, of gradients one quad of
    // positions, every fourth channel m.
    let quads = (params.outputs + 3u) / 4u;
    let brought = block * 64u + lane;
    let quad = lane % 16u;
    let first_row = lane / 16u;
    let plane = params.out_height * params.out_width;
    let places = place_of(first_position + 4u * quad, positions);

    // Quads of channels ty and ty + 8, of positions tx and tx + 8: rows are channels.
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

    let taps = params.side * params.side;
    for (var tap = 0u; tap < taps; tap++) {
        let seen = seen_from(places, tap);
        for (var m = 0u; m < params.outputs; m += 16u) {
            workgroupBarrier();
            for (var i = 0u; i < 4u; i++) {
                let weight_quad = m / 4u + i;
                var weights = vec4<f32>();
                if brought < params.inputs && weight_quad < quads {
                    weights = weights_at((brought * taps + tap) * quads + weight_quad);
                }
                for (var j = 0u; j < 4u; j++) {
                    weights_tile[(4u * i + j) * 16u + lane / 4u][lane % 4u] = weights[j];
                }
                let row = first_row + 4u * i;
                let channel = m + row;
                var grads = vec4<f32>();
                if channel < params.outputs {
                    let at = seen.at + channel * plane;
                    if seen.inside.x { grads.x = f32(grad[at.x]); }
                    if seen.inside.y { grads.y = f32(grad[at.y]); }
                    if seen.inside.z { grads.z = f32(grad[at.z]); }
                    if seen.inside.w { grads.w = f32(grad[at.w]); }
                }
                grads_tile[row * 16u + quad] = grads;
            }
            workgroupBarrier();
            for (var row = 0u; row < 16u; row++) {
                let a = weights_tile[row * 16u + ty];
                let b = weights_tile[row * 16u + 8u + ty];
                let p = grads_tile[row * 16u + tx];
                let q = grads_tile[row * 16u + 8u + tx];
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

    let k = block * 64u + 4u * ty;
    let at = first_position + 4u * tx;
    finish(k + 0u, at, s00); finish(k + 0u, at + 32u, s01);
    finish(k + 1u, at, s10); finish(k + 1u, at + 32u, s11);
    finish(k + 2u, at, s20); finish(k + 2u, at + 32u, s21);
    finish(k + 3u, at, s30); finish(k + 3u, at + 32u, s31);
    finish(k + 32u, at, s40); finish(k + 32u, at + 32u, s41);
    finish(k + 33u, at, s50); finish(k + 33u, at + 32u, s51);
    finish(k + 34u, at, s60); finish(k + 34u, at + 32u, s61);
    finish(k + 35u, at, s70); finish(k + 35u, at + 32u, s71);
}

// Four positions of the output: where their image begins in the gradient, and (y, x) + pad.
struct Places {
    image: vec4<u32>,
    y: vec4<i32>,
    x: vec4<i32>,
    inside: vec4<bool>,
}

fn place_of(first: u32, positions: u32) -> Places {
    let at = first + vec4(0u, 1u, 2u, 3u);
    let pad = params.side / 2u;
    let row = at / params.width;
    return Places(
        row / params.height * (params.outputs * params.out_height * params.out_width),
        vec4<i32>(row % params.height + pad),
        vec4<i32>(at % params.width + pad),
        at < vec4(positions),
    );
}

// What reached four positions through one tap of the kernel, in the first channel.
struct Seen {
    at: vec4<u32>,
    inside: vec4<bool>,
}

fn four_around(at: vec4<i32>, side: i32, wraps: u32) -> vec4<i32> {
    return vec4(
        around(at.x, side, wraps),
        around(at.y, side, wraps),
        around(at.z, side, wraps),
        around(at.w, side, wraps),
    );
}

fn seen_from(places: Places, tap: u32) -> Seen {
    let up = four_around(places.y - i32(tap / params.side), i32(params.height), params.wrap_y);
    let left = four_around(places.x - i32(tap % params.side), i32(params.width), params.wrap_x);
    let stride = vec4(i32(params.stride));
    let zero = vec4<i32>();
    let row = max(up, zero) / stride;
    let column = max(left, zero) / stride;
    let inside = places.inside & (row * stride == up) & (column * stride == left)
        & (row < vec4(i32(params.out_height))) & (column < vec4(i32(params.out_width)));
    return Seen(places.image + vec4<u32>(row) * params.out_width + vec4<u32>(column), inside);
}

// Writes one channel at four positions.
fn finish(k: u32, first: u32, sums: vec4<f32>) {
    if k >= params.inputs {
        return;
    }
    let image = params.height * params.width;
    for (var i = 0u; i < 4u; i++) {
        let position = first + i;
        let n = position / image;
        if n >= params.batch {
            return;
        }
        finish_at((n * params.inputs + k) * image + position % image, sums[i]);
    }
}
