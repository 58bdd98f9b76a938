//! Renderers of reports: terminal, JSON, HTML, SARIF, JUnit, Markdown.
