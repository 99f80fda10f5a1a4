//! A bar on a terminal, for what takes its time.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many of what is counted, as in "images judged".
pub(crate) fn bar(count: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(count);
    let style = format!("{{bar:30}} {{pos}}/{{len}} {what}{{msg}} ({{eta}} left)");
    if let Ok(style) = ProgressStyle::with_template(&style) {
        bar.set_style(style);
    }
    bar
}
