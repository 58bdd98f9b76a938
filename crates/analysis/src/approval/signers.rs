//! The list of allowed signers, as ssh-keygen reads it: principals, options, key. It never allows what it can't read.

use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use super::NAMESPACE;

/// Whether the list allows a key to sign for a principal on a day (`YYYY-MM-DD`).
///
/// # Errors
/// Why not.
pub(super) fn check(list: &str, principal: &str, day: &str, key: &KeyData) -> Result<(), String> {
    let day: String = day.chars().filter(char::is_ascii_digit).collect();
    let mut why = format!("the list of allowed signers has no line for {principal}");
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some(entry) = Entry::read(line) else { continue };
        if !matches(&entry.principals, principal) {
            continue;
        }
        if entry.key.key_data() != key {
            "the list of allowed signers has another key for that name".clone_into(&mut why);
            continue;
        }
        match entry.refuses(&day) {
            None => return Ok(()),
            Some(reason) => why = reason,
        }
    }
    Err(why)
}

struct Entry {
    principals: String,
    options: Vec<(String, String)>,
    key: PublicKey,
}

impl Entry {
    fn read(line: &str) -> Option<Self> {
        let mut words = words(line);
        if words.len() < 3 {
            return None;
        }
        let principals = words.remove(0).replace('"', "");
        let key_at = words.iter().position(|word| is_key_type(word))?;
        let options = words[..key_at].join(" ");
        let options = split(&options, ',')
            .into_iter()
            .filter(|option| !option.is_empty())
            .map(|option| {
                let (name, value) = option.split_once('=').unwrap_or((&option, ""));
                (name.trim().to_ascii_lowercase(), value.replace('"', ""))
            })
            .collect();
        let key = PublicKey::from_openssh(&format!("{} {}", words.get(key_at)?, words.get(key_at + 1)?)).ok()?;
        Some(Self { principals, options, key })
    }

    /// Why this line does not allow a signature on that day; an option that is not understood refuses.
    fn refuses(&self, day: &str) -> Option<String> {
        for (name, value) in &self.options {
            let moment = |value: &str| value.chars().filter(char::is_ascii_digit).take(8).collect::<String>();
            let refused = match name.as_str() {
                "namespaces" if !matches(value, NAMESPACE) => format!("its line allows the purposes {value:?}, not {NAMESPACE:?}"),
                "valid-after" if day < moment(value).as_str() => format!("its line allows it only after {value}"),
                "valid-before" if day >= moment(value).as_str() => format!("its line allows it only before {value}"),
                "namespaces" | "valid-after" | "valid-before" => continue,
                "cert-authority" => "certificates of an authority are not supported".to_owned(),
                other => format!("its line has the option {other:?}, which is not understood"),
            };
            return Some(refused);
        }
        None
    }
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| word.starts_with(start))
}

/// Words parted by blanks outside quotes.
fn words(line: &str) -> Vec<String> {
    let line = line.replace('\t', " ");
    split(&line, ' ').into_iter().filter(|word| !word.is_empty()).collect()
}

fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for letter in text.chars() {
        if letter == '"' {
            quoted = !quoted;
        }
        match parts.last_mut() {
            Some(_) if letter == at && !quoted => parts.push(String::new()),
            Some(part) => part.push(letter),
            None => {}
        }
    }
    parts
}

/// A comma-separated list of patterns with `*` and `?`; one that starts with `!` excludes.
fn matches(list: &str, name: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',').map(str::trim) {
        match pattern.strip_prefix('!') {
            Some(excluded) if glob(excluded.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => found |= glob(pattern.as_bytes(), name.as_bytes()),
        }
    }
    found
}

/// Iterative, so that hostile patterns cost no more than pattern times text.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(letter) if *letter == b'?' || *letter == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_a_whole() {
        assert!(matches("bob@x,*@example.org", "ada@example.org"));
        assert!(!matches("*@example.org,!ada@*", "ada@example.org"));
        assert!(!matches("ada@example", "ada@example.org"));
        assert!(glob(b"a*b*c", b"axxbyyc") && !glob(b"a*b*c", b"axxbyy"));
    }
}
