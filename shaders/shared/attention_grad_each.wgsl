// How the gradients of self-attention read what they bind number by number: any positions, of either width.

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
