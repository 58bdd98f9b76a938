//! The gates as JUnit XML: a suite a gate, a case a criterion. Undecided is an error, never a pass or a skip.

use std::io::Write;

use dbwright_model::Verdict;
use dbwright_model::gate::{Criterion, GateVerdict};
use dbwright_model::report::Report;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::sanitise::xml;

/// Renders.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail; what is there by then is returned either way.
    let _ = document(report, &mut writer);
    String::from_utf8(writer.into_inner()).unwrap_or_default() + "\n"
}

fn document<W: Write>(report: &Report, writer: &mut Writer<W>) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let count = |verdict| report.gates.iter().flat_map(|gate| &gate.criteria).filter(|c| c.verdict == verdict).count();
    let tests: usize = report.gates.iter().map(|gate| gate.criteria.len()).sum();
    let root = writer.create_element("testsuites").with_attributes([
        ("name", format!("dbwright {}", xml(&report.target.name)).as_str()),
        ("tests", tests.to_string().as_str()),
        ("failures", count(Verdict::Fail).to_string().as_str()),
        ("errors", count(Verdict::Undecided).to_string().as_str()),
    ]);
    root.write_inner_content(|writer| report.gates.iter().try_for_each(|gate| suite(gate, report, writer)))?;
    Ok(())
}

fn suite<W: Write>(gate: &GateVerdict, report: &Report, writer: &mut Writer<W>) -> std::io::Result<()> {
    let count = |verdicts: &[Verdict]| gate.criteria.iter().filter(|c| verdicts.contains(&c.verdict)).count().to_string();
    let element = writer.create_element("testsuite").with_attributes([
        ("name", gate.gate.id()),
        ("tests", gate.criteria.len().to_string().as_str()),
        ("failures", count(&[Verdict::Fail]).as_str()),
        ("errors", count(&[Verdict::Undecided]).as_str()),
        ("skipped", count(&[Verdict::Waived, Verdict::NotApplicable]).as_str()),
        ("timestamp", report.taken_at.to_string().trim_end_matches('Z')),
    ]);
    element.write_inner_content(|writer| gate.criteria.iter().try_for_each(|criterion| case(gate, criterion, writer)))?;
    Ok(())
}

/// Why a case did not pass: the decision behind a waiver, else what was seen.
fn why(criterion: &Criterion) -> String {
    let Some(waiver) = criterion.waiver.as_ref().filter(|_| criterion.verdict == Verdict::Waived) else { return xml(&criterion.detail) };
    let by = waiver.by.as_deref().map(|by| format!("by {by}"));
    let until = waiver.until.as_deref().map(|until| format!("until {until}"));
    let decided: Vec<String> = by.into_iter().chain(until).collect();
    let decided = if decided.is_empty() { String::new() } else { format!(" ({})", decided.join(", ")) };
    xml(&format!("{}{decided} {}", waiver.reason, criterion.detail))
}

fn case<W: Write>(gate: &GateVerdict, criterion: &Criterion, writer: &mut Writer<W>) -> std::io::Result<()> {
    let name = xml(&criterion.criterion);
    let class = format!("gate.{}", gate.gate.id());
    let element = writer.create_element("testcase").with_attributes([("name", name.as_str()), ("classname", class.as_str())]);
    let outcome = match criterion.verdict {
        Verdict::Pass => None,
        Verdict::Fail => Some("failure"),
        Verdict::Undecided => Some("error"),
        Verdict::Waived | Verdict::NotApplicable => Some("skipped"),
    };
    element.write_inner_content(|writer| {
        let detail = xml(&criterion.detail);
        if let Some(outcome) = outcome {
            let message = format!("{}: {}", criterion.verdict.id(), why(criterion));
            let mut element = writer.create_element(outcome).with_attribute(("message", message.as_str()));
            if outcome != "skipped" {
                element = element.with_attribute(("type", criterion.verdict.id()));
            }
            element.write_empty()?;
        }
        let note = format!("{} ({})", detail, criterion.grade.id());
        writer.create_element("system-out").write_text_content(BytesText::new(&note))?;
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clean, sample};

    #[test]
    fn each_verdict_has_its_element() {
        let text = render(&sample());
        assert!(text.contains("<testsuites name=\"dbwright shop\" tests=\"12\" failures=\"3\" errors=\"3\">"), "{text}");
        assert!(text.contains("<failure message=\"fail: 1,204 reviews name a product that does not exist.\" type=\"fail\"/>"));
        assert!(text.contains("type=\"undecided\"/>"));
        assert!(text.contains("<skipped message=\"not-applicable: There is no replica.\"/>"));
        assert!(
            text.contains("<skipped message=\"waived: Append-only log, partitioned next quarter. (by dba@example.org, until 2027-01-31)")
        );
    }

    #[test]
    fn a_suite_counts_its_cases() {
        let text = render(&sample());
        assert!(
            text.contains(
                "<testsuite name=\"performance\" tests=\"3\" failures=\"2\" errors=\"1\" skipped=\"0\" timestamp=\"2026-09-21T14:13:20\">"
            ),
            "{text}"
        );
        assert!(!render(&clean()).contains("<failure") && !render(&clean()).contains("<error"));
    }
}
