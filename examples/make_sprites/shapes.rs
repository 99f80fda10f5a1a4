//! Shapes that items are made of, in a frame's coordinates.

use super::canvas::Surface;

/// An ellipsoid.
pub(crate) fn ball(x: f32, y: f32, radius_x: f32, radius_y: f32) -> Option<Surface> {
    let (x, y) = (x / radius_x, y / radius_y);
    (x * x + y * y <= 1.0).then_some(Surface::Normal(x, y))
}

/// A round bar, upright, `half_width` thick where it is; it leans by `slope` towards the viewer's top.
pub(crate) fn lathe(x: f32, half_width: f32, slope: f32) -> Option<Surface> {
    (x.abs() <= half_width).then(|| Surface::Normal(0.85 * x / half_width, slope))
}

/// A band bent to a ring, round in section.
pub(crate) fn torus(x: f32, y: f32, outer: f32, inner: f32) -> Option<Surface> {
    let distance = x.hypot(y);
    let across = (2.0 * distance - outer - inner) / (outer - inner);
    (across.abs() <= 1.0)
        .then(|| Surface::Normal(0.9 * across * x / distance, 0.9 * across * y / distance))
}

/// A rectangle round the origin with a light upper left and a dark lower right edge.
pub(crate) fn plate(x: f32, y: f32, half_width: f32, half_height: f32) -> Option<Surface> {
    let (right, below) = (half_width - x.abs(), half_height - y.abs());
    if right < 0.0 || below < 0.0 {
        return None;
    }
    let edge = right.min(below) < 1.0;
    let lit = if right < below { x < 0.0 } else { y < 0.0 };
    Some(Surface::Level(match (edge, lit) {
        (false, _) => 0.6,
        (true, true) => 0.85,
        (true, false) => 0.35,
    }))
}

/// Whether a point lies within a polygon.
pub(crate) fn within(x: f32, y: f32, corners: &[(f32, f32)]) -> bool {
    let mut inside = false;
    let mut last = corners.len() - 1;
    for (at, &(corner_x, corner_y)) in corners.iter().enumerate() {
        let (last_x, last_y) = corners[last];
        let spans = (corner_y > y) != (last_y > y);
        if spans && x < (last_x - corner_x) * (y - corner_y) / (last_y - corner_y) + corner_x {
            inside = !inside;
        }
        last = at;
    }
    inside
}

/// A star with its points on a circle; below 0 outside.
pub(crate) fn star(x: f32, y: f32, points: i32, outer: f32, inner: f32) -> bool {
    let corners: Vec<(f32, f32)> = (0..2 * points)
        .map(|at| {
            let radius = if at % 2 == 0 { outer } else { inner };
            let (sin, cos) = (std::f32::consts::PI * at as f32 / points as f32).sin_cos();
            (radius * sin, -radius * cos)
        })
        .collect();
    within(x, y, &corners)
}

/// How far inside a heart of width 2 a point lies, above 0 within; its tip points down.
pub(crate) fn heart(x: f32, y: f32) -> f32 {
    // (x² + y² - 1)³ = x² y³, y up, widened to fill its square.
    let (x, y) = (1.13 * x, 0.1 - 1.1 * y);
    let round = x * x + y * y - 1.0;
    x * x * y * y * y - round * round * round
}
