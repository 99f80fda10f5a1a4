// The backward pass of a group normalisation but for its parameters, one pass:
//
// sums[n] = what norm_sums makes, statistics and all
// output = the gradient of its input as shared/norm_grad_added.wgsl has it
//
// input, grad and output [N, C, P], sums [N, 2C + 2G]. shared/norm_grad_group.wgsl has how it is gone about.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
    groups: u32,
    silu: u32,
    modulated: u32,
    has_addend: u32,
    lanes: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read> grad: array<Grad>;
@group(0) @binding(3) var<storage, read> weight: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<u32>;
@group(0) @binding(5) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(6) var<storage, read> addend: array<Addend>;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;
@group(0) @binding(8) var<storage, read_write> output: array<Output>;

// Writes a number of the gradient.
fn finish_at(n: u32, c: u32, p: u32, value: f32) {
    output[(n * params.channels + c) * params.positions + p] = Output(value);
}
