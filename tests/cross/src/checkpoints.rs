//! Weights, read and written in every precision, and the program of their network.

use std::fs;
use std::path::Path;

use iddpm::checkpoint::{Checkpoint, Dtype, WeightType};
use iddpm::cpu::ProgramBuf;
use iddpm::unet::Plan;

use crate::{DIGITS, Result};

pub fn write(folder: &Path) -> Result {
    let stored = Checkpoint::from_bytes(DIGITS, WeightType::AsStored)?;
    if stored.to_bytes(Dtype::F16)? != DIGITS {
        return Err("a checkpoint that was read is written as another".into());
    }
    let wide = Checkpoint::from_bytes(DIGITS, WeightType::F32)?;
    wide.save(folder.join("f32.safetensors"), Dtype::F32)?;
    wide.save(folder.join("bf16.safetensors"), Dtype::Bf16)?;
    for name in ["f32", "bf16"] {
        let path = folder.join(name).with_extension("safetensors");
        let read = Checkpoint::open(path, WeightType::F16)?;
        if name == "f32" && read.weights() != stored.weights() {
            return Err("f16 that was written as f32 is read as another".into());
        }
        fs::write(
            folder.join(format!("{name}_as_f16.safetensors")),
            read.to_bytes(Dtype::F16)?,
        )?;
    }
    let graph = stored.description().graph(1)?;
    let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
    Ok(fs::write(folder.join("program"), program.as_bytes())?)
}
