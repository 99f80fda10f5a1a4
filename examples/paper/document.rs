//! paper.md and its plots.

use std::fmt::Write;

use iddpm::files::write_bytes;

use super::claim::{Claim, Drawing, Table};
use super::options::Options;
use super::program::Failure;
use super::verdict::Verdict;
use super::work::Work;

/// The file of it all.
const NAME: &str = "paper.md";

/// Writes the document, and returns its path.
pub(crate) fn write(
    work: &Work<'_>,
    options: &Options,
    command: &str,
    claims: &[Claim],
) -> Result<String, Failure> {
    for Drawing { name, plot } in claims.iter().flat_map(|claim| &claim.plots) {
        plot.write(&options.out.join(name))?;
    }
    let mut text = String::new();
    head(&mut text, work, command)?;
    summary(&mut text, claims)?;
    for claim in claims {
        section(&mut text, claim)?;
    }
    let path = options.out.join(NAME);
    write_bytes(&path, text.as_bytes())?;
    Ok(path.display().to_string())
}

fn head(text: &mut String, work: &Work<'_>, command: &str) -> Result<(), Failure> {
    let scale = &work.scale;
    writeln!(
        text,
        "# The paper's claims, measured\n\n\
         Improved DDPM (Nichol & Dhariwal 2021), with networks that this crate trained. Made by\n\n\
         ```sh\n{command}\n```\n\n\
         {} networks of each kind, which differ in their seed: first weights, order of the images, noise. Digits {} steps of {}, \
         sprites {}, larger networks {}. Bits/dim are of {} images that were not trained on, over all steps; Fréchet distance, \
         precision and recall of {} samples, by features of a classifier that was trained on half of the real images, from the other \
         half. A number is the mean over the seeds ± its standard error. A difference is of networks of one seed, and separated where \
         Student's test says so at 95 %: of three seeds it must be 4.3 of its errors.\n\n\
         All of it took {:.0} minutes{}, and follows from the seeds: on the processor to the bit.\n",
        scale.seeds,
        scale.steps,
        scale.batch,
        scale.sprite_steps,
        scale.large_steps,
        scale.evaluated,
        scale.samples,
        work.kept.seconds() / 60.0,
        peak().map_or(String::new(), |peak| format!(
            " and at most {peak} MB of memory"
        )),
    )?;
    Ok(())
}

/// The most memory that this process has had, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
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

fn section(text: &mut String, claim: &Claim) -> Result<(), Failure> {
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
    for Drawing { name, plot } in &claim.plots {
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
