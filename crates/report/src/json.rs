//! The report as data: the model's own serialisation, in the form that docs/schema/report.json describes.

use dbwright_model::report::Report;

/// Renders; one trailing line break.
#[must_use]
pub fn render(report: &Report) -> String {
    // The report holds no map with keys that are not text, the one thing that serde_json refuses; numbers that JSON has no
    // form for are written as null.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}
