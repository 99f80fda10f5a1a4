//! An image, drawn by diffusion on a microcontroller: without a heap, without an operating system, with the bits of a host's
//! plain loops.
//!
//! It prints a picture as a text (PGM). `flash_network` writes the module that it draws with.

#![no_std]
#![no_main]

#[rustfmt::skip] // It is made by `flash_network`, where it was run.
#[path = "../network/network.rs"]
#[allow(dead_code, reason = "it has more than this program needs")]
mod network;

use cortex_m_semihosting::{debug, hprint, hprintln};
use iddpm::Error;
use iddpm::diffusion::pixels::image_to_u8;
use iddpm::diffusion::{Clip, Noise, Process, Sample, Sampler};

use network::Memory;

/// What is drawn, and what its noise follows from.
const CLASS: u32 = 3;
const SEED: u64 = 7;

#[cortex_m_rt::entry]
fn main() -> ! {
    // All that a drawing needs, in no stack: half of a small board's memory.
    let memory = cortex_m::singleton!(: Memory = Memory::NEW);
    let drawn = memory.map(|memory| draw(memory).and_then(|()| print(&memory.x)));
    end(match drawn {
        Some(Ok(())) => debug::EXIT_SUCCESS,
        Some(Err(error)) => {
            // `Error::code` says which; its sentence would be text in flash.
            hprintln!("error {}", error.code());
            debug::EXIT_FAILURE
        }
        // `main` is entered once.
        None => debug::EXIT_FAILURE,
    })
}

/// Draws an image into `memory.x`.
fn draw(memory: &mut Memory) -> Result<(), Error> {
    let process = Process::from_table(&network::MODEL, &network::STEPS)?;
    let sampler = Sampler::new(&process, network::METHOD, Clip::Unit)?;
    let sample = Sample {
        noise: Noise::new(SEED),
        number: 0,
        label: Some(CLASS).filter(|_| !network::CLASSES.is_empty()),
    };
    // Each evaluation of the network is taken whole. A program that has other work meanwhile takes its pieces: `Bare::begin`.
    let (mut network, mut image) = memory.split()?;
    Ok(sample.run(sampler, &mut network, &mut image)?)
}

/// Prints the first channel as a picture.
fn print(x: &[f32; network::IMAGE]) -> Result<(), Error> {
    let [_, height, width] = network::SHAPE;
    let mut bytes = [0; network::IMAGE];
    image_to_u8(x, &mut bytes)?;
    hprintln!("P2 {} {} 255", width, height);
    for row in bytes.chunks_exact(width).take(height) {
        for value in row {
            hprint!("{} ", value);
        }
        hprintln!();
    }
    Ok(())
}

fn end(status: debug::ExitStatus) -> ! {
    loop {
        debug::exit(status);
    }
}

/// None is known. A product would start anew.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    end(debug::EXIT_FAILURE)
}
