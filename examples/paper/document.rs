//! paper.md and its plots.

use std::fmt::Write;

use iddpm::files::write_bytes;

use super::claim::{Claim, Drawing, Table};
use super::options::Options;
use super::program::Failure;
use super::verdict::Verdict;
use super::work::Work;

/// The file of it all; of some claims it has another name.
fn name(options: &Options, claims: &[Claim]) -> String {
    if options.has_all() {
        return "paper.md".into();
    }
    let numbers: Vec<String> = claims
        .iter()
        .map(|claim| claim.number.to_string())
        .collect();
    format!("claims-{}.md", numbers.join("-"))
}

/// Writes the document, and returns its path.
pub(crate) fn write(
    work: &Work<'_>,
    options: &Options,
    command: &str,
    claims: &[Claim],
) -> Result<String, Failure> {
    let mut drawn = Vec::new();
    for Drawing { name, plot } in claims.iter().flat_map(|claim| &claim.plots) {
        // One without a point is none.
        if plot.write(&options.out.join(name))? {
            drawn.push(*name);
        }
    }
    let mut text = String::new();
    head(&mut text, work, options, command, claims)?;
    summary(&mut text, claims)?;
    for claim in claims {
        section(&mut text, claim, &drawn)?;
    }
    let path = options.out.join(name(options, claims));
    write_bytes(&path, text.as_bytes())?;
    Ok(path.display().to_string())
}

fn head(
    text: &mut String,
    work: &Work<'_>,
    options: &Options,
    command: &str,
    claims: &[Claim],
) -> Result<(), Failure> {
    let scale = &work.scale;
    let tests: usize = claims.iter().map(|claim| claim.tests.len()).sum();
    let peak = work.kept.peak().map_or(String::new(), |peak| {
        format!(" and at most {} MB of memory", peak / 1_000_000)
    });
    let digits = match &options.data {
        Some(data) => format!("What is called digits is {}. ", data.display()),
        None => String::new(),
    };
    writeln!(
        text,
        "# The paper's claims, measured\n\n\
         Improved DDPM (Nichol & Dhariwal 2021), with networks that this crate trained. Made by\n\n\
         ```sh\n{command}\n```\n\n\
         {digits}{} networks of each kind, which differ in their seed: first weights, order of the images, noise. Networks of digits \
         were trained for {} steps of {}, those of sprites and of claim 9 for {}, those of the sets that are known for {}. Bits/dim are of {} \
         images that were not trained on, over all steps; of sprites and in claim 9 over 50 and the early ones. Fréchet distance, \
         precision and recall are of {} samples and of real images that were not trained on, by features of a classifier of those \
         that were. A number is the mean over the seeds ± its standard error. A difference is of networks of one seed, and separated \
         where Student's test says so at 95 %: of three seeds it must be 4.3 of its errors. Of the {tests} sentences one in twenty \
         would be separated by chance alone.\n\n\
         All of it took {:.0} minutes{peak}, and follows from the seeds: on the processor to the bit.\n",
        scale.seeds,
        scale.steps,
        scale.batch,
        scale.fewer_steps,
        scale.known_steps,
        scale.evaluated,
        scale.samples,
        work.kept.seconds() / 60.0,
    )?;
    Ok(())
}

/// Every sentence with its verdict: first those that did not hold.
fn summary(text: &mut String, claims: &[Claim]) -> Result<(), Failure> {
    text.push_str("## What came of them\n\n");
    let mut table = Table::new(["", "claim", "the paper", "measured", "verdict"]);
    for verdict in [Verdict::Fails, Verdict::NotSeparated, Verdict::Holds] {
        for claim in claims {
            for test in claim.tests.iter().filter(|test| test.verdict == verdict) {
                table.row([
                    format!("[{}](#claim-{0})", claim.number),
                    test.what.clone(),
                    test.paper.clone(),
                    test.measured.clone(),
                    verdict.to_string(),
                ]);
            }
        }
    }
    write_table(text, &table)
}

fn section(text: &mut String, claim: &Claim, drawn: &[&str]) -> Result<(), Failure> {
    let Claim {
        number,
        title,
        paper,
        ..
    } = claim;
    writeln!(
        text,
        "## <a id=\"claim-{number}\"></a>{number}. {title}\n\n{paper}\n"
    )?;
    for test in &claim.tests {
        writeln!(
            text,
            "- {}: {}; the paper: {}; {}",
            test.what, test.measured, test.paper, test.verdict
        )?;
    }
    text.push('\n');
    for table in &claim.tables {
        write_table(text, table)?;
    }
    for Drawing { name, plot } in claim.plots.iter().filter(|plot| drawn.contains(&plot.name)) {
        writeln!(text, "![{}]({name})\n", plot.title)?;
    }
    Ok(())
}

fn write_table(text: &mut String, table: &Table) -> Result<(), Failure> {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    text.push_str(&line(&table.heads));
    text.push_str(&line(&vec!["---".to_owned(); table.heads.len()]));
    for row in &table.rows {
        text.push_str(&line(row));
    }
    text.push('\n');
    Ok(())
}
