// What all variants of attention share: their numbers and what they bind.
//
// output[n, h·c + d, q] = Σ_k p_k·v[d, k], p = softmax_k(Σ_d q[d, q]·k[d, k]/√c): self-attention.
//
// qkv [N, 3C, P]: head h owns rows 3·h·c to 3·(h+1)·c of an image, c rows each of q, k and v;
// output [N, C, P].

struct Params {
    batch: u32,
    heads: u32,
    rows: u32,
    positions: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<Qkv>;
@group(0) @binding(2) var<storage, read_write> output: array<Output>;

const LOWEST: f32 = -3.4e38;
