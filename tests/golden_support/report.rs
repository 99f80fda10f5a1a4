//! What was compared, and how close it came to failing.

use std::fmt;

/// Messages kept of the comparisons that failed.
const MESSAGES: usize = 20;

pub(crate) struct Report {
    group: String,
    case: String,
    pub(crate) cases: usize,
    pub(crate) comparisons: usize,
    /// The largest error over its tolerance, and where that was.
    worst: (f64, String),
    failures: usize,
    messages: Vec<String>,
}

impl Report {
    pub(crate) fn new(group: &str) -> Self {
        Self {
            group: group.into(),
            case: String::new(),
            cases: 0,
            comparisons: 0,
            worst: (0.0, "nothing".into()),
            failures: 0,
            messages: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, case: &str) {
        self.case = case.into();
        self.cases += 1;
    }

    /// |got - want| ≤ tolerance; NaN in any of them fails.
    pub(crate) fn near(&mut self, what: &str, got: f64, want: f64, tolerance: f64) {
        self.comparisons += 1;
        let error = if got == want { 0.0 } else { (got - want).abs() };
        let ratio = if error == 0.0 { 0.0 } else { error / tolerance };
        if ratio > self.worst.0 || ratio.is_nan() {
            self.worst = (ratio, format!("{} {what}", self.case));
        }
        // Written so that NaN fails.
        if !(ratio <= 1.0 && tolerance.is_finite()) {
            self.fail(format!(
                "{what}: {got:e}, not {want:e} within {tolerance:e}"
            ));
        }
    }

    /// Whole numbers, lists, flags: equal or not.
    pub(crate) fn equal<T: PartialEq + fmt::Debug>(&mut self, what: &str, got: T, want: T) {
        self.comparisons += 1;
        if got != want {
            self.worst = (f64::INFINITY, format!("{} {what}", self.case));
            self.fail(format!("{what}: {got:?}, not {want:?}"));
        }
    }

    /// Something that must have been refused.
    pub(crate) fn refused<T, E>(&mut self, what: &str, result: &Result<T, E>) {
        self.equal(what, result.is_err(), true);
    }

    fn fail(&mut self, message: String) {
        self.failures += 1;
        if self.messages.len() < MESSAGES {
            self.messages
                .push(format!("{}/{} {message}", self.group, self.case));
        }
    }

    pub(crate) fn verdict(&self) -> Result<(), String> {
        if self.failures == 0 {
            return Ok(());
        }
        let shown = self.messages.join("\n  ");
        Err(format!("{} comparisons failed:\n  {shown}", self.failures))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (group, cases, comparisons) = (&self.group, self.cases, self.comparisons);
        let (ratio, at) = &self.worst;
        write!(
            f,
            "{group:<9} {cases:>3} cases {comparisons:>7} comparisons, "
        )?;
        write!(f, "worst {ratio:.3} of its tolerance: {at}")
    }
}
