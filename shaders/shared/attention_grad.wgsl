// What the gradients of self-attention share: their numbers, what they bind, how they read it.
//
// qkv and output [N, 3C, P]: head h owns rows 3·h·c to 3·(h+1)·c of an image, c rows each of q, k and v;
// grad [N, C, P], the gradient with respect to what the attention made.

struct Params {
    batch: u32,
    heads: u32,
    rows: u32,
    positions: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<Qkv>;
@group(0) @binding(2) var<storage, read> grad: array<Grad>;
@group(0) @binding(4) var<storage, read_write> output: array<Output>;

const LOWEST: f32 = -3.4e38;

fn four(row: u32, at: vec4<u32>) -> vec4<f32> {
    return vec4(f32(qkv[row + at.x]), f32(qkv[row + at.y]), f32(qkv[row + at.z]), f32(qkv[row + at.w]));
}

fn four_of_grad(row: u32, at: vec4<u32>) -> vec4<f32> {
    return vec4(f32(grad[row + at.x]), f32(grad[row + at.y]), f32(grad[row + at.z]), f32(grad[row + at.w]));
}

// Four neighbouring positions; past the last, the last again.
fn places(first: u32) -> vec4<u32> {
    return min(first + vec4(0u, 1u, 2u, 3u), vec4(params.positions - 1u));
}
