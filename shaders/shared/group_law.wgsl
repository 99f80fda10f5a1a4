// A number that is normalised by the law of its channel, (number - law.x)·law.y + law.z, then the SiLU of it where
// `is_active`. Whichever kernel does it makes the same bits of it: one that has made the number, or one that reads it.

fn by_law(number: f32, law: vec3<f32>, is_active: bool) -> f32 {
    let value = (number - law.x) * law.y + law.z;
    return select(value, silu(value), is_active);
}
