//! Persona documents: Markdown that holds a `<persona>` in XML, with quality gates, standards and success metrics. It never
//! drops what it can't use: that is listed in the policy.

use dbwright_model::Gate;
use dbwright_model::gate::Enforcement;
use dbwright_model::policy::Policy;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::error::{PolicyError, Problem};
use super::keys;
use super::values::from_percent;

/// The bundled document; reading it gives the default policy.
pub const DEFAULT: &str = include_str!("persona.default.md");

/// The most elements that a document may have, and how deep they may lie.
const LIMITS: (usize, usize) = (10_000, 64);

/// The policy of a persona document over the defaults.
///
/// # Errors
/// When the document holds no `<persona>`, or its XML is broken.
pub fn read(document: &str) -> Result<Policy, PolicyError> {
    let Some(start) = document.find("<persona") else {
        return Err(PolicyError::at(
            document,
            0,
            Problem::new("it holds no <persona> element", "give a document with the persona's XML in a ``` block"),
        ));
    };
    let rest = &document[start..];
    let xml = rest.split("\n```").next().unwrap_or(rest);
    let elements = elements(xml).map_err(|(offset, problem)| PolicyError::at(document, start + offset, problem))?;
    let mut policy = Policy::default();
    let mut found = Found::default();
    for element in &elements {
        use_element(&mut policy, &mut found, element);
    }
    if found.gates == 0 && found.numbers == 0 {
        policy.unused.push("The document names no gate and no standard that is known here: the defaults stay.".to_owned());
    }
    policy.unused.extend(summary(&found.skipped));
    Ok(policy)
}

#[derive(Default)]
struct Found {
    gates: usize,
    numbers: usize,
    /// Elements of which nothing is used: name and how often, in order of first sight.
    skipped: Vec<(String, usize)>,
}

/// An element without child elements, or a gate.
struct Element {
    name: String,
    text: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn use_element(policy: &mut Policy, found: &mut Found, element: &Element) {
    match element.name.as_str() {
        "gate" => match use_gate(policy, element) {
            Ok(()) => found.gates += 1,
            Err(remark) => policy.unused.push(remark),
        },
        "standard" | "metric" => {
            if use_number(policy, &element.text) {
                found.numbers += 1;
            } else {
                policy.unused.push(format!("{} {:?}: no number that a policy has.", element.name, element.text));
            }
        }
        name if !element.text.is_empty() => match found.skipped.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => found.skipped.push((name.to_owned(), 1)),
        },
        _ => {}
    }
}

fn summary(skipped: &[(String, usize)]) -> Option<String> {
    let list: Vec<String> = skipped.iter().map(|(name, count)| format!("{count} {name}")).collect();
    (!list.is_empty()).then(|| format!("Prose without number or enforcement: {}.", list.join(", ")))
}

/// Which of the five a gate's name means.
fn which(name: &str) -> Option<Gate> {
    const WORDS: [(&str, Gate); 7] = [
        ("schema", Gate::Schema),
        ("integrity", Gate::Integrity),
        ("backup", Gate::Recovery),
        ("recovery", Gate::Recovery),
        ("security", Gate::Security),
        ("performance", Gate::Performance),
        ("query", Gate::Performance),
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().find(|(word, _)| name.contains(word)).map(|(_, gate)| *gate)
}

fn use_gate(policy: &mut Policy, element: &Element) -> Result<(), String> {
    let name = element.attribute("name").unwrap_or_default();
    let gate = which(name).ok_or_else(|| format!("gate {name:?}: it is none of the five."))?;
    let word = element.attribute("enforcement").unwrap_or("BLOCKING");
    let enforcement = match word.to_ascii_uppercase().as_str() {
        "BLOCKING" | "MANDATORY" | "REQUIRED" => Enforcement::Blocking,
        "CONDITIONAL" => Enforcement::Conditional,
        "ADVISORY" | "OPTIONAL" | "WARNING" => Enforcement::Advisory,
        _ => return Err(format!("gate {name:?}: enforcement {word:?} is not known, {} stays.", policy.enforcement[&gate].id())),
    };
    keys::enforce(policy, gate, enforcement)
        .map_err(|problem| format!("gate {name:?}: {}, {} stays.", problem.problem, policy.enforcement[&gate].id()))
}

/// Reads a standard out of a sentence; says whether it found one.
fn use_number(policy: &mut Policy, sentence: &str) -> bool {
    let text = sentence.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let standards = &mut policy.standards;
    let none = has(&["zero", "no "]) || text.starts_with("no");
    if has(&["p95", "95th percentile"]) {
        return assign(
            &mut standards.query_p95_ms,
            duration_seconds(&text.replace("p95", "").replace("95th", "")).map(|seconds| seconds * 1000.0),
        );
    }
    if has(&["availability", "uptime", "available"]) {
        return assign(&mut standards.availability, percent(&text));
    }
    if has(&["loss", "lost"]) && none {
        standards.lost_writes = 0;
        return true;
    }
    if has(&["storage"]) {
        return assign(&mut standards.storage_saving, percent(&text));
    }
    if has(&["recover", "restore", "rto"]) {
        return assign(&mut standards.recovery_seconds, duration_seconds(&text));
    }
    false
}

fn assign(place: &mut f64, value: Option<f64>) -> bool {
    if let Some(value) = value {
        *place = value;
    }
    value.is_some()
}

/// Numbers of a text, each with what follows it.
fn numbers(text: &str) -> impl Iterator<Item = (f64, &str)> {
    let starts = text
        .char_indices()
        .filter(|(at, letter)| letter.is_ascii_digit() && !text[..*at].ends_with(|before: char| before.is_ascii_digit() || before == '.'));
    starts.filter_map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        Some((rest[..end].trim_end_matches('.').parse().ok()?, rest[end..].trim_start()))
    })
}

fn percent(text: &str) -> Option<f64> {
    numbers(text).find(|(number, rest)| rest.starts_with('%') && *number <= 100.0).map(|(number, _)| from_percent(number))
}

fn duration_seconds(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 7] =
        [("ms", 0.001), ("milli", 0.001), ("sec", 1.0), ("min", 60.0), ("hour", 3600.0), ("day", 86_400.0), ("h", 3600.0)];
    let unit = |rest: &str| {
        let word = UNITS.iter().find(|(word, _)| rest.starts_with(word)).map(|(_, seconds)| *seconds);
        word.or_else(|| (rest == "s" || rest.starts_with("s ")).then_some(1.0))
    };
    numbers(text).find_map(|(number, rest)| Some(number * unit(rest)?)).filter(|seconds| *seconds > 0.0)
}

type Broken = (usize, Problem);

/// Elements that hold text, and gates, in order.
fn elements(xml: &str) -> Result<Vec<Element>, Broken> {
    let (escaped, offsets) = escape_loose(xml);
    let mut reader = Reader::from_str(&escaped);
    let mut open: Vec<Element> = Vec::new();
    let mut done = Vec::new();
    loop {
        let place = usize::try_from(reader.buffer_position()).unwrap_or(0);
        let offset = place.saturating_sub(offsets_before(&offsets, place));
        let broken =
            |text: String| (offset, Problem::new(format!("its XML is broken: {text}"), "close every element, quote every attribute"));
        match reader.read_event().map_err(|error| broken(error.to_string()))? {
            Event::Start(tag) => open.push(element(&tag)),
            Event::Empty(tag) => done.push(element(&tag)),
            Event::End(_) => done.extend(open.pop()),
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(name) => append(&mut open, entity(&name.into_inner())),
            Event::Eof if open.is_empty() => return Ok(tidy(done)),
            Event::Eof => return Err(broken("it ends inside an element".to_owned())),
            _ => {}
        }
        if done.len() > LIMITS.0 || open.len() > LIMITS.1 {
            return Err(broken("it has too many elements".to_owned()));
        }
    }
}

fn element(tag: &BytesStart<'_>) -> Element {
    let attribute = |one: quick_xml::events::attributes::Attribute<'_>| (one.key.as_ref().to_owned(), one.value.into_owned());
    let attributes = tag.attributes().filter_map(Result::ok).map(attribute).collect();
    Element { name: tag.name().as_ref().to_owned(), text: String::new(), attributes }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn entity(name: &str) -> &str {
    match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => " ",
    }
}

fn tidy(mut elements: Vec<Element>) -> Vec<Element> {
    for element in &mut elements {
        element.text = element.text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    elements
}

/// People write `< 100ms` in these documents. A `<` that starts no tag and an `&` that starts no entity are escaped;
/// returned are the text and where it grew, by how much.
fn escape_loose(xml: &str) -> (String, Vec<(usize, usize)>) {
    let mut out = String::with_capacity(xml.len());
    let mut grown = Vec::new();
    for (at, letter) in xml.char_indices() {
        let next = xml[at + letter.len_utf8()..].chars().next();
        let entity = || {
            xml[at..]
                .find(';')
                .is_some_and(|end| end > 1 && xml[at + 1..at + end].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#'))
        };
        match letter {
            '<' if !next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?' | '_')) => {
                out.push_str("&lt;");
                grown.push((out.len(), 3));
            }
            '&' if !entity() => {
                out.push_str("&amp;");
                grown.push((out.len(), 4));
            }
            _ => out.push(letter),
        }
    }
    (out, grown)
}

fn offsets_before(grown: &[(usize, usize)], place: usize) -> usize {
    grown.iter().filter(|(at, _)| *at <= place).map(|(_, by)| by).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str = r#"Some prose.

```xml
<persona name="careful">
  <domain>ledgers & books</domain>
  <habits><habit>writes it down</habit><habit>reads it back</habit></habits>
  <standards>
    <standard>Answers arrive in < 250 ms at p95</standard>
    <standard>Uptime > 99.5%</standard>
    <standard>Runbooks exist</standard>
  </standards>
  <gates>
    <gate name="Schema Review" enforcement="ADVISORY"><criteria>it reads well</criteria></gate>
    <gate name="Security" enforcement="BLOCKING"/>
    <gate name="Data Integrity" enforcement="CONDITIONAL"/>
    <gate name="Cost Control" enforcement="BLOCKING"/>
    <gate name="Backups" enforcement="SOMETIMES"/>
  </gates>
  <metric>Restore done in &lt; 90 minutes</metric>
  <metric>25% storage given back</metric>
  <metric>Zero lost orders</metric>
</persona>
```

More prose with a < b.
"#;

    #[test]
    fn reads_gates_and_numbers_and_lists_the_rest() {
        let policy = read(OTHER).unwrap();
        assert_eq!(policy.standards.query_p95_ms, 250.0);
        assert!((policy.standards.availability - 0.995).abs() < 1e-12);
        assert_eq!(policy.standards.recovery_seconds, 5400.0);
        assert!((policy.standards.storage_saving - 0.25).abs() < 1e-12);
        assert_eq!(policy.enforcement[&Gate::Schema], Enforcement::Advisory);
        assert_eq!(policy.enforcement[&Gate::Security], Enforcement::Blocking);
        assert_eq!(policy.enforcement[&Gate::Integrity], Enforcement::Blocking);
        for word in ["Cost Control", "SOMETIMES", "Runbooks", "no condition", "2 habit", "1 domain"] {
            assert!(policy.unused.iter().any(|line| line.contains(word)), "{word}: {:?}", policy.unused);
        }
    }

    #[test]
    fn the_bundled_document_is_the_default_policy() {
        let policy = read(DEFAULT).unwrap();
        assert_eq!(Policy { unused: Vec::new(), ..policy.clone() }, Policy::default());
        assert!(policy.unused.iter().all(|line| line.starts_with("Prose")), "{:?}", policy.unused);
        let mut other = DEFAULT.replace("100ms", "70ms").replace("99.99%", "99%").replace("1 hour", "2 hours").replace("50%", "40%");
        other = other.replace("CONDITIONAL", "ADVISORY");
        let changed = read(&other).unwrap();
        assert_eq!((changed.standards.query_p95_ms, changed.standards.recovery_seconds), (70.0, 7200.0));
        assert!(changed.enforcement[&Gate::Security] == Enforcement::Advisory && changed.standards.storage_saving < 0.41);
    }

    #[test]
    fn broken_documents_have_a_place() {
        assert!(read("# nothing here").unwrap_err().problem.contains("no <persona>"));
        let error = read("intro\n```xml\n<persona>\n  <gate name=\"a\">\n  </oops>\n</persona>\n```\n").unwrap_err();
        assert!(error.line == 5 && error.problem.contains("XML"), "{error}");
        assert!(read("```xml\n<persona>\n```\n").unwrap_err().problem.contains("ends inside"));
    }
}
