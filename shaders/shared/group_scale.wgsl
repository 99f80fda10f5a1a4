// How a group normalisation scales a channel, as a law of shared/group_law.wgsl: (mean, rstd·weight[c], bias[c]), from the
// statistics of its group, (mean, rstd). weight and bias [C].

fn scale_of(c: u32, statistics: vec2<f32>) -> vec3<f32> {
    let gain = statistics.y * weight_in(weight[word_of(c)], c);
    return vec3(statistics.x, gain, weight_in(bias[word_of(c)], c));
}
