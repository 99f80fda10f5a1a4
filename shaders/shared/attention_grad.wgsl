// What the gradients of self-attention share: their numbers and what they bind.
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
