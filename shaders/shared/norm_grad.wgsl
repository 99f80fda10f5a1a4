// What the gradients of a group normalisation share. With x̂ the normalised input of a channel,
// z = (x̂·weight[c] + bias[c])·(1 + scale[n, c]) + shift[n, c], and ∂z = grad·f'(z), f the SiLU where `silu`.
//
// weight and bias [C]; channel_of has scale and shift, if there are such. The bindings, and the parameters, are the kernel's.

// weight, bias, 1 + scale and shift of a channel of an image.
struct Channel {
    factor: f32,
    summand: f32,
    scale: f32,
    shift: f32,
}

// A channel that is not modulated.
fn plain_channel(c: u32) -> Channel {
    return Channel(weight_in(weight[word_of(c)], c), weight_in(bias[word_of(c)], c), 1.0, 0.0);
}

// What the normalised input of a channel is multiplied by.
fn gain(channel: Channel) -> f32 {
    return channel.factor * channel.scale;
}

// (∂z, x̂) of a number, from the statistics of its group, (mean, rstd).
fn seen(channel: Channel, law: vec2<f32>, at: u32) -> vec2<f32> {
    let normal = (f32(input[at]) - law.x) * law.y;
    var d = f32(grad[at]);
    if params.silu != 0u {
        d *= silu_slope((normal * channel.factor + channel.summand) * channel.scale + channel.shift);
    }
    return vec2(d, normal);
}
