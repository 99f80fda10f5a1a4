//! The constants as a header for C, and what brings the bytes.

use std::fmt::Write;

use super::flash::Flash;

pub(crate) fn header(flash: &Flash<'_>) -> String {
    let Flash {
        name,
        model,
        low_res,
        output,
        workspace,
        multiply_adds,
        class_names,
        process,
        method,
        image,
        ..
    } = flash;
    let mut levels = String::new();
    for level in process.levels() {
        // The shortest decimals that read back as the same doubles.
        let (timestep, beta, alpha_bar) = (level.timestep, level.beta, level.alpha_bar);
        let _ = writeln!(levels, "    {{{timestep}, {beta:?}, {alpha_bar:?}}},");
    }
    let names: Vec<String> = class_names.iter().map(|name| quoted(name)).collect();
    let names = match names.len() {
        0 => String::new(),
        count => format!(
            "/* The names of its classes. */\nstatic const char *const IDDPM_NETWORK_CLASS_NAMES[{count}] = {{{}}};\n",
            names.join(", ")
        ),
    };
    format!(
        "/* {comment}; made by flash_network. A program has one such header: another network's has the same names. */
#ifndef IDDPM_NETWORK_H
#define IDDPM_NETWORK_H

#include \"iddpm_network.h\"

/* An image: channels, height, width, and numbers in all. */
#define IDDPM_NETWORK_CHANNELS {channels}
#define IDDPM_NETWORK_HEIGHT {height}
#define IDDPM_NETWORK_WIDTH {width}
#define IDDPM_NETWORK_IMAGE {elements}
/* Numbers of what the network returns, of its workspace, of what the method keeps, of the image that is enlarged. Of 0 numbers
   C has no array: NULL is given. */
#define IDDPM_NETWORK_OUTPUT {output}
#define IDDPM_NETWORK_WORKSPACE {workspace}
#define IDDPM_NETWORK_HISTORY {history}
#define IDDPM_NETWORK_LOW_RES {low_res}
#define IDDPM_NETWORK_CLASSES {classes}
/* Multiply-adds of an evaluation. */
#define IDDPM_NETWORK_MULTIPLY_ADDS {multiply_adds}
{names}/* What it was trained on. */
static const iddpm_diffusion IDDPM_NETWORK_MODEL = {{\"{schedule}\", \"{prediction}\", \"{variance}\", {num_timesteps}, {rescale}, {zero}}};
/* How its steps are taken, and these, for iddpm_sampler_init. */
#define IDDPM_NETWORK_METHOD \"{method}\"
#define IDDPM_NETWORK_CLIP \"unit\"
#define IDDPM_NETWORK_STEPS {steps}
static const iddpm_level IDDPM_NETWORK_LEVELS[IDDPM_NETWORK_STEPS] = {{
{levels}}};

/* The network as instructions, and its weights in f16, from network.S. */
#define IDDPM_NETWORK_PROGRAM_BYTES {program_len}
#define IDDPM_NETWORK_WEIGHT_BYTES {weights_len}
extern const unsigned char iddpm_network_program[IDDPM_NETWORK_PROGRAM_BYTES];
extern const unsigned char iddpm_network_weights[IDDPM_NETWORK_WEIGHT_BYTES];

#endif
",
        comment = name.replace("*/", "* /"),
        channels = image.channels,
        height = image.height,
        width = image.width,
        elements = flash.elements(),
        history = flash.history(),
        classes = class_names.len(),
        schedule = model.schedule,
        prediction = model.prediction,
        variance = model.variance,
        num_timesteps = model.num_timesteps,
        rescale = u8::from(model.rescale_timesteps),
        zero = u8::from(model.zero_terminal_snr),
        steps = process.len(),
        program_len = flash.program.as_bytes().len(),
        weights_len = flash.weights.len(),
    )
}

/// A text in C, whatever is in it: what is no letter, digit or space by its bytes.
fn quoted(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b' ' | b'_' | b'-' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    let bytes: String = text.bytes().map(byte).collect();
    format!("\"{bytes}\"")
}

/// What an assembler makes of both files of bytes.
pub(crate) fn symbols(flash: &Flash<'_>) -> String {
    let symbol = |name: &str, file: &str| {
        format!(
            "    .global {name}
    .balign 4
{name}:
    .incbin \"{file}\"
"
        )
    };
    let program = symbol("iddpm_network_program", "program.bin");
    let weights = symbol("iddpm_network_weights", "weights.bin");
    // Allocated, and not written to.
    let section = match &flash.section {
        Some(section) => format!("    .section {section}, \"a\"\n"),
        None => String::new(),
    };
    format!(
        "/* Made by flash_network. */
    .section .rodata
{program}{section}{weights}#ifdef __linux__ /* Or its linker takes the stack for one that is executed. */
    .section .note.GNU-stack, \"\", %progbits
#endif
"
    )
}
