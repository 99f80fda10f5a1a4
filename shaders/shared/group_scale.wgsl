// (number - mean)·rstd·weight[c] + bias[c], of a channel and the statistics of its group, (mean, rstd). weight and bias [C].

fn scaled(c: u32, number: f32, law: vec2<f32>) -> f32 {
    return (number - law.x) * law.y * weight_in(weight[word_of(c)], c) + weight_in(bias[word_of(c)], c);
}

// The SiLU of it, where `silu`.
fn activated(value: f32) -> f32 {
    return select(value, silu(value), params.silu != 0u);
}
