//! The table of classes of a run that begins with a model of other classes.

use core::fmt;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::Error;
use crate::checkpoint::Description;
use crate::memory::zeros;
use crate::part::{part, part_mut};
use crate::run::Model;
use crate::text::OneLine;
use crate::unet::{CLASS_TABLE, Graph};

/// Where the rows of a run's table of classes come from, where its classes are not those of the model that it begins
/// with.
///
/// A class that both call alike keeps its row, as does the null class; any other begins as the null class's row, which
/// is what the network makes of no class it knows, or where there is none as the mean of all rows: so the network
/// draws at first what it drew of all, and nothing that it never saw. Of a model without classes all begin as 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRows {
    /// For each label of the run that of the model.
    from: Vec<Option<usize>>,
    begins: Begins,
    kept: Vec<String>,
    begun: Vec<String>,
    left_out: Vec<String>,
}

impl ClassRows {
    /// Of a model and the network that is trained; `None` where their classes are the same.
    pub(super) fn of(model: &Description, trained: &Description) -> Option<Self> {
        // As many classes that one of the two has no names for have the same numbers.
        let same_count = model.unet.num_classes == trained.unet.num_classes;
        let named = model.class_names.is_some() && trained.class_names.is_some();
        let by_number = same_count && !named;
        let (names, due) = (labels(model, by_number), labels(trained, by_number));
        if names == due {
            return None;
        }
        let place = |label: &Label| names.iter().position(|known| known == label);
        let from: Vec<Option<usize>> = due.iter().map(place).collect();
        let shown = |labels: &[Label], is: &dyn Fn(&Label) -> bool| {
            let shown = labels.iter().filter(|label| is(label));
            shown.map(ToString::to_string).collect::<Vec<_>>()
        };
        Some(Self {
            kept: shown(&due, &|label| names.contains(label)),
            begun: shown(&due, &|label| !names.contains(label)),
            left_out: shown(&names, &|label| !due.contains(label)),
            begins: match (place(&Label::Null), names.is_empty()) {
                (Some(null), _) => Begins::Row(null),
                (None, false) => Begins::Mean,
                (None, true) => Begins::Zero,
            },
            from,
        })
    }

    /// The weights of a model in the places that they have in a graph, with these rows.
    pub(super) fn weights(
        &self,
        model: &Model,
        weights: &[f32],
        graph: &Graph,
    ) -> Result<Vec<f32>, Error> {
        let mut numbers = zeros(graph.weights_len())?;
        let of_model = model.checkpoint().graph().params();
        for param in graph.params() {
            let place = part_mut(&mut numbers, param.offset, param.elements());
            let found = of_model.iter().find(|of_model| of_model.name == param.name);
            let found = found.map_or(&[][..], |of| part(weights, of.offset, of.elements()));
            match param.name == CLASS_TABLE {
                true => self.fill(place, found),
                false => place.copy_from_slice(found),
            }
        }
        Ok(numbers)
    }

    fn fill(&self, place: &mut [f32], table: &[f32]) {
        let width = place.len() / self.from.len().max(1);
        let rows: Vec<&[f32]> = table.chunks_exact(width.max(1)).collect();
        let row = |label: Option<usize>| label.and_then(|label| rows.get(label).copied());
        let begins = match self.begins {
            Begins::Row(null) => row(Some(null)).map(<[f32]>::to_vec),
            Begins::Mean => Some(mean(&rows, width)),
            Begins::Zero => None,
        };
        for (to, &from) in place.chunks_exact_mut(width.max(1)).zip(&self.from) {
            match row(from).or(begins.as_deref()) {
                Some(row) => to.copy_from_slice(row),
                None => to.fill(0.0),
            }
        }
    }
}

/// As what a row begins that the model does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// As this one, which stands for no class.
    Row(usize),
    /// As the mean of all.
    Mean,
    /// As 0: the model knew no classes, and draws what it drew.
    Zero,
}

/// The mean of rows, summed in f64.
fn mean(rows: &[&[f32]], width: usize) -> Vec<f32> {
    let at = |column: usize| {
        let numbers = rows.iter().filter_map(|row| row.get(column));
        let sum: f64 = numbers.map(|&number| f64::from(number)).sum();
        (sum / rows.len().max(1) as f64) as f32
    };
    (0..width).map(at).collect()
}

/// What a label stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Label {
    Named(String),
    Number(usize),
    Null,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "{}", OneLine(name)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Null => f.write_str("no class"),
        }
    }
}

/// Those of a network, in their order.
fn labels(description: &Description, by_number: bool) -> Vec<Label> {
    let unet = &description.unet;
    let named = |at: usize| {
        let names = description.class_names.as_ref().filter(|_| !by_number)?;
        let name = names.get(at)?;
        Some(Label::Named(name.clone()))
    };
    let classes = 0..unet.num_classes.unwrap_or(0);
    let labels = classes.map(|at| named(at).unwrap_or(Label::Number(at)));
    labels
        .chain(unet.null_label().map(|_| Label::Null))
        .collect()
}

impl fmt::Display for ClassRows {
    /// One line: which classes keep their rows, which begin anew and as what, which are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = match self.begins {
            Begins::Row(_) => "as no class",
            Begins::Mean => "as the mean of all",
            Begins::Zero => "as 0",
        };
        f.write_str("classes: ")?;
        let parts = [
            (&self.kept, "kept", ""),
            (&self.begun, "begun ", begins),
            (&self.left_out, "left out", ""),
        ];
        let parts = parts.iter().filter(|(labels, ..)| !labels.is_empty());
        for (at, (labels, what, how)) in parts.enumerate() {
            let between = if at > 0 { "; " } else { "" };
            write!(f, "{between}{} {what}{how}", labels.join(", "))?;
        }
        Ok(())
    }
}
