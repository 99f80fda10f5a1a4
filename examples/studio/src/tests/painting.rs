//! Pictures and masks that are painted in the window.

use eframe::egui::{Pos2, Rect, vec2};
use egui_kittest::kittest::Queryable;
use iddpm::Draw;
use iddpm::run::Canvas;

use super::{Window, choose, chosen, click, door, wait, window};
use crate::painting::{Brush, Painting, Tool};

fn painting(window: &Window) -> Rect {
    window.get_by_label("painting").rect()
}

/// Drags from one place to another, each a share of the painting's sides.
fn drag(window: &mut Window, from: [f32; 2], to: [f32; 2]) {
    let rect = painting(window);
    let at = |[x, y]: [f32; 2]| -> Pos2 { rect.min + rect.size() * vec2(x, y) };
    window.hover_at(at(from));
    window.step();
    window.drag_at(at(from));
    window.step();
    window.hover_at(at(to));
    window.step();
    window.drop_at(at(to));
    window.step();
}

/// What is marked is drawn anew, what is not keeps its bytes; it is the image of the same picture and mask by the door.
#[test]
fn what_is_outside_a_painted_mask_keeps_its_bytes() {
    let mut window = window("--class sword --seed 7");
    wait(&mut window);
    let sword = chosen(&window).bytes().unwrap();
    click(&mut window, "Paint");
    window.step();
    click(&mut window, "Mask");
    window.state_mut().brush.size = 12.0;
    drag(&mut window, [0.0, 0.2], [1.0, 0.2]);
    let mask = window.state().painting.mask().to_vec();
    // A band from side to side, of the brush's width.
    let marked: Vec<usize> = mask
        .chunks(32)
        .map(|row| row.iter().filter(|&&it| it > 0).count())
        .collect();
    assert!(marked[..12].iter().all(|&count| count == 32), "{marked:?}");
    assert!(marked[14..].iter().all(|&count| count == 0), "{marked:?}");

    choose(&mut window, "class", "axe");
    click(&mut window, "Draw");
    wait(&mut window);
    let axe = chosen(&window).bytes().unwrap();
    let pixels = sword.chunks(4).zip(axe.chunks(4)).zip(&mask);
    let kept = |((was, is), marked): ((&[u8], &[u8]), &u8)| *marked > 0 || was == is;
    assert!(pixels.clone().all(kept));
    assert!(pixels.clone().any(|((was, is), _)| was != is));

    let mut door = door("sprites32.safetensors");
    let canvas = Canvas::from_bytes(door.model(), &sword).unwrap();
    let canvas = canvas.with_mask(&mask).unwrap();
    let draw = Draw::new().class("axe").seed(7);
    let mut run = door.begin_on(&draw, &canvas, 0..1).unwrap();
    while run.advance().unwrap() {}
    assert_eq!(*chosen(&window), run.images().unwrap());
}

/// Where every step is skipped the painting comes back as it was painted, of every number of channels.
#[test]
fn a_painting_is_what_a_drawing_begins_with() {
    for (model, channels) in [("sprites32", 4), ("digits16", 1)] {
        let mut window = window(&format!("--checkpoint ../assets/{model}.safetensors"));
        wait(&mut window);
        click(&mut window, "Paint");
        window.step();
        click(&mut window, "Clear");
        window.state_mut().brush.size = 1.0;
        window.state_mut().brush.colour = [200, 200, 200, 255];
        drag(&mut window, [0.5, 0.0], [0.5, 1.0]);
        let says_grey = window.query_by_label("as grey").is_some();
        assert_eq!(says_grey, channels < 3, "{model}");
        window.state_mut().settings.strength = Some(0.0);
        click(&mut window, "Draw");
        wait(&mut window);
        let images = chosen(&window);
        assert_eq!(images.channels(), channels);
        let (side, bytes) = (images.size().0, images.bytes().unwrap());
        for (at, pixel) in bytes.chunks(channels).enumerate() {
            let painted = at % side == side / 2;
            assert_eq!(
                pixel[0],
                if painted { 200 } else { 0 },
                "{model}, pixel {at}"
            );
            assert!(channels == 1 || pixel[3] == if painted { 255 } else { 0 });
        }
    }
}

#[test]
fn brushes_paint_what_they_say_and_no_more() {
    let mut painting = Painting::new(door("digits16.safetensors").model());
    let brush = |tool, size| Brush {
        tool,
        size,
        ..Brush::default()
    };
    let count = |painting: &Painting| {
        let pixels = painting.rgba();
        let opaque = pixels.chunks(4).filter(|it| it[3] > 0).count();
        (opaque, painting.mask().iter().filter(|&&it| it > 0).count())
    };
    painting.stroke(&brush(Tool::Colour, 1.0), [3.9, 3.1], [3.9, 3.1]);
    assert_eq!(count(&painting), (1, 0));
    painting.stroke(&brush(Tool::Colour, 1.0), [0.5, 8.5], [15.5, 8.5]);
    assert_eq!(count(&painting), (17, 0));
    painting.stroke(&brush(Tool::Mask, 3.0), [8.0, 8.0], [8.0, 8.0]);
    assert_eq!(count(&painting), (17, 9));
    painting.stroke(&brush(Tool::Keep, 1.0), [8.0, 8.0], [8.0, 8.0]);
    assert_eq!(count(&painting), (17, 8));
    painting.stroke(&brush(Tool::Erase, 100.0), [-5.0, 4.0], [-5.0, 4.0]);
    assert_eq!(count(&painting), (0, 8));
    painting.clear_mask();
    assert_eq!(count(&painting), (0, 0));
}
