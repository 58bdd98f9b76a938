//! Lines of a terminal: width, style, ASCII where nothing else can be shown. Every text passes through here on its way out.

use anstyle::Style;

use super::{FAINT, STRONG};
use crate::text::{cut, fill, paint, width, wrap};
use crate::{Options, sanitise};

/// Columns of the titles that hang left of their text.
const HANGING: usize = 13;

/// Columns of the names of evidence.
const NAMES: usize = 22;

/// Lines so far.
pub(crate) struct Page<'a> {
    out: String,
    options: &'a Options,
}

impl<'a> Page<'a> {
    pub fn new(options: &'a Options) -> Self {
        Self { out: String::new(), options }
    }

    pub fn options(&self) -> &'a Options {
        self.options
    }

    pub fn columns(&self) -> usize {
        self.options.width.max(40)
    }

    pub fn verbose(&self) -> bool {
        self.options.verbose
    }

    pub fn lines(&self) -> usize {
        self.out.matches('\n').count()
    }

    pub fn append(&mut self, other: Self) {
        self.out.push_str(&other.out);
    }

    pub fn finish(self) -> String {
        self.out
    }

    /// A line that was made of safe texts.
    pub fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    pub fn blank(&mut self) {
        self.out.push('\n');
    }

    pub fn paint(&self, text: &str, style: Style) -> String {
        paint(text, style, self.options.color)
    }

    /// Foreign text made harmless, on one line.
    pub fn safe(&self, text: &str) -> String {
        let text = sanitise::line(text);
        if self.options.unicode { text } else { sanitise::ascii(&text) }
    }

    /// As [`Self::safe`], and cut to columns.
    pub fn cut(&self, text: &str, columns: usize) -> String {
        let text = self.safe(text);
        match self.options.unicode {
            true => cut(&text, columns),
            false if width(&text) <= columns => text,
            false => cut(&text, columns.saturating_sub(2)).replace('…', "..."),
        }
    }

    pub fn heading(&mut self, title: &str, rest: &str) {
        let rest = self.paint(&self.cut(rest, self.columns().saturating_sub(width(title) + 2)), FAINT);
        let title = self.paint(title, STRONG);
        self.blank();
        self.line(&format!("{title}  {rest}"));
    }

    /// Texts at the left, one at the right edge where there is room.
    pub fn ends(&mut self, left: &[(&str, Style)], right: (&str, Style)) {
        let used: usize = left.iter().map(|(text, _)| width(&self.safe(text))).sum();
        let mut line: String = left.iter().map(|(text, style)| self.paint(&self.safe(text), *style)).collect();
        let gap = self.columns().saturating_sub(used + width(right.0));
        if gap >= 2 {
            line.push_str(&" ".repeat(gap));
            line.push_str(&self.paint(right.0, right.1));
        }
        self.line(&line);
    }

    /// A title with lines beside it: one line each in the summary, wrapped with `verbose`.
    pub fn hanging(&mut self, title: &str, texts: &[String]) {
        let room = self.columns().saturating_sub(HANGING);
        let mut lead = format!("{}{}", self.paint(title, STRONG), " ".repeat(HANGING.saturating_sub(width(title))));
        for text in texts {
            let lines = if self.verbose() { wrap(&self.safe(text), room) } else { vec![self.cut(text, room)] };
            for line in lines {
                self.line(&format!("{lead}{line}"));
                lead = " ".repeat(HANGING);
            }
        }
    }

    /// A name and its value, values below each other.
    pub fn pair(&mut self, name: &str, value: &str, indent: usize) {
        let beside = indent + NAMES + 1;
        let mut lead = format!("{}{} ", " ".repeat(indent), fill(&self.cut(name, NAMES), NAMES));
        for line in wrap(&self.safe(value), self.columns().saturating_sub(beside)) {
            self.line(&format!("{lead}{line}"));
            lead = " ".repeat(beside);
        }
    }

    pub fn indented(&mut self, text: &str, indent: usize, style: Style) {
        for line in wrap(&self.safe(text), self.columns().saturating_sub(indent)) {
            let line = self.paint(&line, style);
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// Statements are not wrapped, so that they can be copied.
    pub fn code(&mut self, text: &str, indent: usize, style: Style) {
        for line in sanitise::block(text).lines() {
            let line = if self.options.unicode { line.to_owned() } else { sanitise::ascii(line) };
            let line = self.paint(&line, style);
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
    }
}

/// Columns that a text takes on the screen: styles take none.
pub(super) fn shown_width(text: &str) -> usize {
    let mut total = 0;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        total += width(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    total + width(rest)
}
