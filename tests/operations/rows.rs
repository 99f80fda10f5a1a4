//! The table has them all.

use std::collections::BTreeSet;

use iddpm::unet::Op;

use super::cases::{Case, Stands, table};

fn names(cases: &[Case]) -> BTreeSet<&'static str> {
    let nodes = cases.iter().flat_map(|case| case.graph.nodes());
    nodes.map(|node| node.op.name()).collect()
}

/// An operation that was added has a row, and each row is of one operation alone.
#[test]
fn every_operation_has_a_row() {
    let all: BTreeSet<&str> = <Op>::NAMES.iter().copied().collect();
    let found = names(&table(Stands::Alone));
    let missing: Vec<_> = all.difference(&found).collect();
    assert!(missing.is_empty(), "no case has {missing:?}");
    for case in table(Stands::Alone) {
        let [node] = case.graph.nodes() else {
            panic!("{}: {} operations", case.name, case.graph.nodes().len());
        };
        let called = case.name.split([' ', ',']).next();
        assert_eq!(called, Some(node.op.name()), "{}", case.name);
    }
}
