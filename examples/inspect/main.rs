//! Says what is in a checkpoint.
//!
//! `cargo run --release --features checkpoint,std --example inspect -- --help`

#[cfg(feature = "train")]
mod cost;
#[cfg(not(feature = "train"))]
#[path = "no_cost.rs"]
mod cost;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/whole.rs"]
mod whole;

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use iddpm::checkpoint::{
    Checkpoint, CheckpointError, Content, Description, Header, Preset, ReadOptions, locate,
};
use iddpm::diffusion::WeightSet;
use iddpm::text::OneLine;
use iddpm::unet::{Graph, Plan};

use program::{Failure, say, warn};
use whole::whole;

/// Says what is in a checkpoint: what it says of itself, its parameters, its network, its memory.
///
/// A file that does not say what it is, or whose tensors are not those of the network that it says,
/// has its tensors listed, and is then refused. An optimiser's moments are named as such.
#[derive(Parser)]
#[command(after_help = "Examples:
  inspect digits16.safetensors --plan
  inspect digits16.safetensors --dot | dot -Tsvg > network.svg")]
struct Options {
    /// A checkpoint, as safetensors; a training run, or a state of it, stands for its average. With --cost also the name of a
    /// published model, where there is no such file.
    input: PathBuf,
    /// Lists the parameters.
    #[arg(long)]
    params: bool,
    /// Lists the operations of the network.
    #[arg(long)]
    graph: bool,
    /// Lists where each tensor lies in the workspace, and when it is needed.
    #[arg(long)]
    plan: bool,
    /// Prints the network for Graphviz, and nothing else.
    #[arg(long, conflicts_with_all = ["params", "graph", "plan", "cost"])]
    dot: bool,
    /// Plans one workspace for each operand, as a GPU needs, rather than one for all.
    #[arg(long)]
    separated: bool,
    /// Images at once.
    #[arg(long, default_value_t = 1, value_parser = whole::<usize>(1..=1 << 31))]
    batch: usize,
    /// Reads the weights too, and checks that every number is finite.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    cost: cost::CostOptions,
}

fn main() -> ExitCode {
    program::run(|options| {
        let mut out = String::new();
        let inspected = inspect(options, &mut out);
        // What was found before an error is told too.
        if !out.is_empty() {
            say(out.trim_end_matches('\n'))?;
        }
        inspected
    })
}

fn inspect(options: &Options, out: &mut String) -> Result<(), Failure> {
    if let Some(preset) = published(options)? {
        if options.params || options.check {
            let name = preset.name();
            return Err(format!(
                "--params, --check: {name} is a published model by its name, and has no file"
            )
            .into());
        }
        let description = preset.describe(WeightSet::Raw, 0)?;
        let graph = of_batch(&description, options.batch)?;
        let plan = planned(&graph, options);
        summarise(&graph, &plan, out)?;
        return list(&graph, &plan, options, out);
    }
    let located = locate(&options.input)?;
    match located.note {
        // What draws the network takes nothing else.
        Some(note) if options.dot => warn(note),
        Some(note) => writeln!(out, "file         {note}")?,
        None => {}
    }
    let path = located.path;
    let header = Header::open(&path)?;
    let refused = |error: CheckpointError| error.in_file(path.display());
    let description = match header.description() {
        Ok(description) => description,
        Err(error) => {
            if !options.dot {
                list_tensors(&header, out)?;
            }
            return Err(refused(error).into());
        }
    };
    let of_one = description.graph(1).map_err(refused)?;
    let graph = match options.batch {
        1 => of_one,
        batch => of_batch(&description, batch)?,
    };
    let plan = planned(&graph, options);
    if options.dot {
        write!(out, "{}", graph.dot(Some(&plan)))?;
        return Ok(());
    }
    describe(&description, out)?;
    writeln!(out, "tensors      {}", dtypes(&header))?;
    match header.check(&description) {
        Ok(Some(note)) => writeln!(out, "names        {note}")?,
        Ok(None) => {}
        Err(error) => {
            writeln!(out)?;
            list_tensors(&header, out)?;
            return Err(refused(error).into());
        }
    }
    summarise(&graph, &plan, out)?;
    if options.check {
        check(&path, description.content, out)?;
    }
    if options.params {
        writeln!(out)?;
        list_tensors(&header, out)?;
    }
    list(&graph, &plan, options, out)
}

fn of_batch(description: &Description, batch: usize) -> Result<Graph, Failure> {
    let graph = description.graph(batch);
    Ok(graph.map_err(|error| format!("--batch {batch}: {error}"))?)
}

fn planned(graph: &Graph, options: &Options) -> Plan {
    match options.separated {
        true => Plan::separated(graph),
        false => Plan::single(graph),
    }
}

/// Lists what is asked for of a network.
fn list(graph: &Graph, plan: &Plan, options: &Options, out: &mut String) -> Result<(), Failure> {
    if options.graph {
        write!(out, "\n{}", graph.text())?;
    }
    if options.plan {
        write!(out, "\n{}", plan.table(graph))?;
    }
    if options.cost.cost {
        cost::tell(graph, &options.cost, out)?;
    }
    Ok(())
}

/// The published model whose costs are asked for, where it is no file that is named.
fn published(options: &Options) -> Result<Option<Preset>, CheckpointError> {
    let input = &options.input;
    let is_name = !input.exists() && input.extension().is_none();
    match input.to_str() {
        Some(name) if options.cost.cost && is_name => Ok(Some(name.parse()?)),
        _ => Ok(None),
    }
}

fn check(path: &Path, content: Content, out: &mut String) -> Result<(), Failure> {
    let reading = ReadOptions {
        content,
        ..ReadOptions::default()
    };
    let checkpoint = Checkpoint::open_with(path, reading)?;
    let count = checkpoint.graph().parameter_count();
    writeln!(out, "checked      {count} numbers, all finite")?;
    Ok(())
}

fn describe(description: &Description, out: &mut String) -> fmt::Result {
    let Description {
        unet,
        size,
        card,
        grid,
        class_names,
        content,
        notes,
    } = description;
    let diffusion = card.diffusion;
    match content {
        Content::Weights => writeln!(out, "weights      {}, step {}", card.weights, card.step)?,
        moment => writeln!(out, "no network   {moment}, step {}", card.step)?,
    }
    write!(out, "images       {}x{}", size.width, size.height)?;
    let plural = if unet.in_channels == 1 { "" } else { "s" };
    write!(out, ", {} channel{plural}", unet.in_channels)?;
    match size.low_res {
        Some((height, width)) => writeln!(out, ", from {width}x{height}")?,
        None => writeln!(out)?,
    }
    if let Some(grid) = grid {
        writeln!(
            out,
            "distilled    to {} steps, {grid}",
            grid.timesteps().len()
        )?;
    }
    match unet.num_classes {
        Some(classes) => {
            let null = unet.null_label();
            let null = null.map_or(String::new(), |label| format!(", and {label} for none"));
            writeln!(out, "classes      {classes}{null}")?
        }
        None => writeln!(out, "classes      none")?,
    }
    if let Some(names) = class_names {
        writeln!(out, "             {}", OneLine(&names.join(", ")))?;
    }
    writeln!(
        out,
        "network      {} channels times {:?}, {} residual blocks a level",
        unet.model_channels, unet.channel_mult, unet.num_res_blocks
    )?;
    writeln!(
        out,
        "attention    at factors {:?} and in the middle, heads {} down, {} up",
        unet.attention_factors, unet.num_heads, unet.num_heads_upsample
    )?;
    writeln!(
        out,
        "options      scale-shift {}, convolutions at changes of resolution {}, normalisation in {} groups",
        unet.scale_shift, unet.conv_resample, unet.norm_groups
    )?;
    writeln!(
        out,
        "diffusion    {}, T = {}, zero terminal SNR {}",
        diffusion.schedule, diffusion.num_timesteps, diffusion.zero_terminal_snr
    )?;
    writeln!(
        out,
        "             predicts {}, variance {}, rescaled timesteps {}",
        diffusion.prediction, diffusion.variance, diffusion.rescale_timesteps
    )?;
    for (key, value) in notes {
        let note = OneLine(&format!("{key}: {value}"));
        writeln!(out, "note         {note}")?;
    }
    Ok(())
}

fn summarise(graph: &Graph, plan: &Plan, out: &mut String) -> fmt::Result {
    let mib = |elements: usize| elements as f64 * 4.0 / f64::from(1 << 20);
    writeln!(
        out,
        "parameters   {} in {} tensors, {:.1} MiB as f32",
        graph.parameter_count(),
        graph.params().len(),
        mib(graph.weights_len())
    )?;
    writeln!(
        out,
        "a run        {} operations, {:.3} GFLOP, batch {}",
        graph.nodes().len(),
        graph.flops() as f64 / 1e9,
        graph.batch()
    )?;
    let bound = plan.lower_bound(graph);
    writeln!(
        out,
        "workspace    {} elements in {} arenas, {:.2} MiB as f32; lower bound {bound}, {:.3} of it",
        plan.elements(),
        plan.arenas().len(),
        mib(plan.elements()),
        plan.elements() as f64 / bound as f64
    )
}

fn list_tensors(header: &Header, out: &mut String) -> fmt::Result {
    for tensor in header.tensors() {
        let (start, end) = tensor.range;
        writeln!(
            out,
            "{:4} {start:>11}..{end:<11} {} {:?}",
            OneLine(tensor.dtype.name()),
            OneLine(&tensor.name),
            tensor.shape
        )?;
    }
    Ok(())
}

/// Types and how many tensors are of each.
fn dtypes(header: &Header) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for tensor in header.tensors() {
        *counts.entry(tensor.dtype.name()).or_insert(0) += 1;
    }
    let counts = counts
        .iter()
        .map(|(name, count)| format!("{count} of {}", OneLine(name)));
    counts.collect::<Vec<_>>().join(", ")
}
