//! Hostile names in every form: nothing that a database says acts on whoever reads the report, and a planted secret that is no
//! part of the report shows up nowhere.

use dbwright_model::Evidence;
use dbwright_report::testing::{self, HOSTILE};
use dbwright_report::{Format, Options, render};

fn rendered(format: Format) -> String {
    let options = Options { verbose: true, ..Options::default() };
    let mut report = testing::hostile();
    report.findings[0].evidence.push(Evidence::text("witness", "w".repeat(1_000_000), "a row"));
    render(format, &report, &testing::catalogue(), &options)
}

/// Characters that act on terminals and readers, of which no form may hold a raw one.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{ad}')
}

#[test]
fn no_form_holds_a_character_that_acts() {
    for format in Format::ALL {
        let text = rendered(format);
        let found: Vec<char> = text.chars().filter(|c| acts(*c)).collect();
        assert_eq!(found, Vec::<char>::new(), "{}", format.name());
    }
}

#[test]
fn a_megabyte_of_comment_is_cut_but_where_data_must_stay_whole() {
    for format in Format::ALL {
        let length = rendered(format).len();
        assert!(length < if format == Format::Json { 2_200_000 } else { 600_000 }, "{}: {length}", format.name());
    }
}

#[test]
fn the_page_has_no_markup_but_its_own() {
    let text = rendered(Format::Html);
    assert_eq!(text.matches("<script").count(), 1);
    assert_eq!(text.matches("</script").count(), 1);
    assert_eq!(text.matches("<style").count(), 1);
    for tag in ["<img", "<iframe", "<link", "<!-- -->", "onerror=alert(1)>", "href=\"javascript", "]]>"] {
        assert!(!text.contains(tag), "{tag}");
    }
    assert!(!text.contains(" style=\""), "the policy forbids inline style");
    for attribute in ["src=\"", "href=\"http", "url(", "@import"] {
        assert!(!text.contains(attribute), "{attribute}: the page asks for nothing from outside");
    }
}

#[test]
fn the_page_is_well_formed() {
    // Elements that HTML leaves open; all others are closed, as XML wants it.
    let mut text = rendered(Format::Html).replace("<!DOCTYPE html>", "").replace(" hidden", "").replace(" checked", "");
    let script = text.find("<script>").zip(text.find("</script>")).unwrap();
    text.replace_range(script.0 + 8..script.1, "");
    let style = text.find("<style>").zip(text.find("</style>")).unwrap();
    text.replace_range(style.0 + 7..style.1, "");
    let mut open: Vec<String> = Vec::new();
    for part in text.split('<').skip(1) {
        let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        if let Some(closed) = name.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed));
        } else if !matches!(name.as_str(), "meta" | "input" | "br") && !part.split('>').next().unwrap_or_default().ends_with('/') {
            open.push(name.trim_end_matches('/').to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn junit_is_xml_and_keeps_the_names() {
    let text = rendered(Format::Junit);
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut depth = 0_i32;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(_) => depth += 1,
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    assert!(text.contains("&lt;script&gt;") && !text.contains("<script"));
}

#[test]
fn markdown_mentions_nobody_and_closes_no_fence() {
    let text = rendered(Format::Markdown);
    assert!(text.chars().count() < 65_536);
    let mut fence: Option<usize> = None;
    let mut depth = 0_i32;
    for line in text.lines().map(str::trim_start) {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if ticks >= open && line.trim_end().chars().all(|c| c == '`') => fence = None,
            None => {
                let own = ["<details>", "</details>", "<summary>", "</summary>"];
                for (at, _) in line.match_indices('<').filter(|(at, _)| !line[..*at].ends_with('\\')) {
                    assert!(own.iter().any(|tag| line[at..].starts_with(tag)), "{line}");
                }
                assert!(!line.contains(" @") && !line.contains("\\@everyone"), "{line}");
                depth += i32::from(line.starts_with("<details>")) - i32::from(line.ends_with("</details>"));
                assert!(!line.starts_with("# heading"), "{line}");
            }
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "a fence stays open");
    assert_eq!(depth, 0, "details that stay open");
}

#[test]
fn names_are_shown_not_dropped() {
    for format in [Format::Terminal, Format::Html, Format::Markdown, Format::Junit] {
        let text = rendered(format);
        assert!(text.contains("\\x1b") || text.contains("\\\\x1b"), "{}", format.name());
        assert!(text.contains("🙈🙉🙊💥"), "{}", format.name());
    }
    assert_eq!(HOSTILE[7].len(), 60);
}

#[test]
fn every_form_is_the_same_each_time() {
    for format in Format::ALL {
        assert_eq!(rendered(format), rendered(format), "{}", format.name());
    }
}

#[test]
fn the_canary_test_sees_a_canary() {
    let secret = "canary-7f3a90c1";
    assert_eq!(testing::forms_showing(&testing::hostile(), &testing::catalogue(), secret), Vec::<Format>::new());
    let mut report = testing::sample();
    report.findings[0].message = format!("The password is {secret}.");
    // JUnit shows the gates' criteria, not findings.
    let shown = testing::forms_showing(&report, &testing::catalogue(), secret);
    assert_eq!(shown, [Format::Terminal, Format::Json, Format::Html, Format::Sarif, Format::Markdown]);
}
