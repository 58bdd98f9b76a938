//! Renderers: each makes text of a report in its own way. Pure and deterministic; nothing here reads a clock, a file or an
//! environment, and nothing can fail.

pub mod diagram;
pub mod drill;
pub mod facts;
pub mod html;
pub mod index;
pub mod json;
pub mod junit;
pub mod list;
pub mod markdown;
pub mod number;
pub mod plan;
pub mod profile;
pub mod sanitise;
pub mod sarif;
pub mod schema;
pub mod sentences;
pub mod terminal;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;

use dbwright_model::Severity;
use dbwright_model::report::Report;

pub use terminal::gates;

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For people, in a terminal.
    Terminal,
    /// The report as data.
    Json,
    /// One self-contained page.
    Html,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// For a pull request's comment.
    Markdown,
}

impl Format {
    /// Every form, in the order of help texts.
    pub const ALL: [Self; 6] = [Self::Terminal, Self::Json, Self::Html, Self::Sarif, Self::Junit, Self::Markdown];

    /// The word of `--format`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Html => "html",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
        }
    }

    /// The form of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The form that a file's ending names.
    #[must_use]
    pub fn from_extension(ending: &str) -> Option<Self> {
        Some(match ending.to_ascii_lowercase().as_str() {
            "txt" => Self::Terminal,
            "json" => Self::Json,
            "html" | "htm" => Self::Html,
            "sarif" => Self::Sarif,
            "xml" => Self::Junit,
            "md" => Self::Markdown,
            _ => return None,
        })
    }
}

/// A rule's page, as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePage {
    /// `family/name`.
    pub id: String,
    /// One line.
    pub title: String,
    /// Severity unless a finding says otherwise.
    pub severity: Severity,
    /// Markdown with fixed headings.
    pub docs: String,
}

/// The rules that a report may name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// By id.
    pub rules: Vec<RulePage>,
}

impl Catalogue {
    /// The page of a rule.
    #[must_use]
    pub fn page(&self, id: &str) -> Option<&RulePage> {
        self.rules.iter().find(|page| page.id == id)
    }
}

/// How to render for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Columns.
    pub width: usize,
    /// Whether to colour.
    pub color: bool,
    /// Whether to show everything.
    pub verbose: bool,
    /// Whether signs beyond ASCII can be shown; else names are escaped and signs replaced.
    pub unicode: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 80, color: false, verbose: false, unicode: true }
    }
}

/// Renders a report.
#[must_use]
pub fn render(format: Format, report: &Report, catalogue: &Catalogue, options: &Options) -> String {
    match format {
        Format::Terminal => terminal::render(report, options),
        Format::Json => json::render(report),
        Format::Html => html::render(report, catalogue),
        Format::Sarif => sarif::render(report, catalogue),
        Format::Junit => junit::render(report),
        Format::Markdown => markdown::render(report),
    }
}
