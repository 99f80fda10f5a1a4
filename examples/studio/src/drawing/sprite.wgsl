// A texture over the whole viewport, each of its pixels a rectangle.

@group(0) @binding(0) var picture: texture_2d<f32>;

struct Corner {
    @builtin(position) place: vec4<f32>,
    @location(0) at: vec2<f32>,
}

@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    let at = vec2<f32>(f32(index & 1u), f32(index >> 1u));
    return Corner(vec4<f32>(2.0 * at.x - 1.0, 1.0 - 2.0 * at.y, 0.0, 1.0), at);
}

@fragment
fn pixel(@location(0) at: vec2<f32>) -> @location(0) vec4<f32> {
    let size = vec2<f32>(textureDimensions(picture));
    return textureLoad(picture, vec2<u32>(at * size), 0);
}
