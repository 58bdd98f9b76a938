//! What only a whole block tells: products, outer joins that are none, columns that no group determines. It never
//! looks at other blocks.

use std::collections::BTreeSet;

use sqlparser::ast::Select;

use super::ColumnRef;
use super::analyzer::Analyzer;
use super::expression::Content;
use super::scope::Scope;

impl Analyzer<'_> {
    /// Judges the innermost block, whose scope is complete.
    pub(super) fn judge(&mut self) {
        let Some(scope) = self.scopes.last() else {
            return;
        };
        let cartesian = untied(scope);
        let nullified: BTreeSet<ColumnRef> = scope
            .demands
            .iter()
            .filter(|(source, _)| scope.sources.get(*source).is_some_and(|source| source.optional))
            .map(|(_, column)| column.clone())
            .collect();
        let Some(block) = self.block() else {
            return;
        };
        block.cartesian = cartesian;
        block.nullified = nullified.into_iter().collect();
        block.select.aggregates.sort();
        block.select.aggregates.dedup();
    }

    /// Notes columns of the select list that neither a group nor an aggregate makes one value.
    pub(super) fn note_ungrouped(&mut self, select: &Select, contents: &[(Content, String)]) {
        let Some(scope) = self.scopes.last() else {
            return;
        };
        let grouped = scope.grouped.clone();
        let Some(block) = self.block() else {
            return;
        };
        if block.group_by.is_empty() && block.select.aggregates.is_empty() || select.projection.is_empty() {
            return;
        }
        let mut ungrouped = BTreeSet::new();
        for (content, text) in contents {
            if block.group_by.iter().any(|item| item.text == *text) {
                continue;
            }
            ungrouped.extend(content.bare.iter().filter(|column| !grouped.contains(*column)).cloned());
        }
        block.ungrouped = ungrouped.into_iter().collect();
    }
}

/// The aliases of sources that no condition ties, directly or through others, to the first one.
fn untied(scope: &Scope) -> Vec<String> {
    if scope.uncertain {
        return Vec::new();
    }
    let counted: Vec<usize> = (0..scope.sources.len()).filter(|index| !scope.sources[*index].single_row).collect();
    let Some((&first, others)) = counted.split_first() else {
        return Vec::new();
    };
    let mut ties = scope.links.clone();
    for (index, (text, source)) in scope.constants.iter().enumerate() {
        let same = scope.constants.iter().skip(index + 1).filter(|(other, _)| other == text);
        ties.extend(same.map(|(_, other)| vec![*source, *other]));
    }
    let mut reached = BTreeSet::from([first]);
    loop {
        let before = reached.len();
        for tie in &ties {
            if tie.iter().any(|source| reached.contains(source)) {
                reached.extend(tie);
            }
        }
        if reached.len() == before {
            break;
        }
    }
    others.iter().filter(|index| !reached.contains(index)).map(|index| scope.sources[*index].alias.clone()).collect()
}
