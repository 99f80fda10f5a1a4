// The gradient of a number of a normalisation's input, and what else is to be added to it:
//
// rstd·(d - mean d - x̂·mean d·x̂) + addend[n, c, p], d = gain·∂z as shared/norm_grad.wgsl has it
//
// from `means` over the group, of d and of d·x̂. addend [N, C, P], only where flagged; its binding is the kernel's.

fn gradient(channel: Channel, law: vec2<f32>, means: vec2<f32>, at: u32) -> f32 {
    let number = seen(channel, law, at);
    var value = law.y * (gain(channel) * number.x - means.x - number.y * means.y);
    if params.has_addend != 0u {
        value += f32(addend[at]);
    }
    return value;
}
