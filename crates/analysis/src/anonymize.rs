//! Facts without people's data: values, literals, comments and texts go; names, numbers, frequencies and shapes stay. Order
//! and equality of histogram values are kept by replacing them with their ranks.

pub mod blueprint;

use dbwright_model::Facts;
use dbwright_model::catalog::FieldStatistics;
use dbwright_model::workload::Statement;

/// Takes data out of facts. What it costs: plans made from the result can't compare literals with the histogram.
pub fn anonymize(facts: &mut Facts) {
    let engine = facts.target.engine;
    for collection in &mut facts.catalog.collections {
        collection.comment = None;
        for field in &mut collection.fields {
            field.comment = None;
            if let Some(statistics) = &mut field.statistics {
                ranks(statistics);
            }
            if let Some(values) = &mut field.values {
                values.integer_range = None;
            }
        }
        if let Some(records) = &mut collection.records {
            records.largest = None;
            records.lasting = None;
            records.hottest = None;
            records.examples.clear();
        }
    }
    for statement in &mut facts.workload.statements {
        without_literals(statement, |text| if engine.speaks_sql() { dbwright_sql::normalize(text, engine) } else { text.to_owned() });
    }
    for one in facts.data.dependencies.iter_mut().flat_map(|search| &mut search.dependencies) {
        one.witnesses.clear();
    }
    if let Some(print) = &mut facts.blueprint {
        blueprint::anonymize(print);
    }
    facts.health.blocked.clear();
    facts.health.integrity_check =
        facts.health.integrity_check.take().map(|messages| messages.iter().map(|_| "(message left out)".to_owned()).collect());
}

/// Values become `#0`, `#1`, … in the order in which they stand.
fn ranks(statistics: &mut FieldStatistics) {
    for (rank, common) in statistics.common.iter_mut().enumerate() {
        common.value = format!("#{rank}");
    }
    let mut rank = 0;
    let mut previous: Option<String> = None;
    for bound in &mut statistics.histogram {
        if previous.as_ref().is_some_and(|before| before != bound) {
            rank += 1;
        }
        previous = Some(std::mem::replace(bound, format!("#{rank}")));
    }
}

fn without_literals(statement: &mut Statement, normal: impl Fn(&str) -> String) {
    statement.text = normal(&statement.text);
    statement.samples.clear();
    statement.failure = statement.failure.take().map(|_| "(message left out)".to_owned());
    if let Some(plan) = &mut statement.plan {
        let mut waiting = vec![&mut plan.root];
        while let Some(node) = waiting.pop() {
            node.access_condition = node.access_condition.take().map(|text| normal(&text));
            node.filter = node.filter.take().map(|text| normal(&text));
            waiting.extend(node.children.iter_mut());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbwright_model::catalog::{Collection, CommonValue, Field};
    use dbwright_model::workload::Sample;
    use dbwright_model::{Engine, Timestamp};

    #[test]
    fn no_value_survives() {
        let mut facts = Facts::empty(Engine::Postgresql, "17", "shop", Timestamp(0));
        let statistics = FieldStatistics {
            common: vec![CommonValue { value: "c4nary".into(), share: 0.5 }],
            histogram: vec!["c4nary a".into(), "c4nary a".into(), "c4nary b".into()],
            ..FieldStatistics::default()
        };
        let field = Field { name: "email".into(), comment: Some("c4nary".into()), statistics: Some(statistics), ..Field::default() };
        facts.catalog.collections.push(Collection { fields: vec![field], ..Collection::default() });
        facts.workload.statements.push(Statement {
            text: "SELECT * FROM t WHERE email = 'c4nary'".into(),
            samples: vec![Sample { text: "c4nary".into(), parameters: vec![] }],
            ..Statement::default()
        });
        anonymize(&mut facts);
        let text = serde_json::to_string(&facts).unwrap();
        assert!(!text.contains("c4nary"), "{text}");
        let statistics = facts.catalog.collections[0].fields[0].statistics.as_ref().unwrap();
        assert_eq!(statistics.histogram, ["#0", "#0", "#1"]);
        assert_eq!(statistics.common[0].share, 0.5);
    }
}
