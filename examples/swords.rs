//! The README's first program: eight swords, on the GPU where there is one and on the processor where not.
//!
//! `cargo run --example swords --features gpu`

use iddpm::{Device, Draw, Model};

fn main() -> Result<(), iddpm::Error> {
    let model = Model::open("examples/assets/sprites32.safetensors")?;
    let mut studio = model.on(Device::best())?; // a GPU if a real one is there, else the processor
    println!("on {}", studio.device());
    let draw = Draw::new().class("sword").seed(7);
    studio.sample(&draw, 8)?.save("swords.png")
}
