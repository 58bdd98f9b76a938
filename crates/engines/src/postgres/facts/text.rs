//! Texts that PostgreSQL prints for values of ours to read: arrays and access lists. It never fails: what can't be read
//! is left out.

use dbwright_model::catalog::Grant;

/// Elements of an array as PostgreSQL prints it, `{a,"b c",NULL}`; NULLs are left out.
pub fn array(text: &str) -> Vec<String> {
    let Some(body) = text.find('{').and_then(|start| text[start..].strip_prefix('{')).and_then(|rest| rest.strip_suffix('}')) else {
        return Vec::new();
    };
    let mut elements = Vec::new();
    let (mut element, mut quoted, mut was_quoted, mut escaped, mut depth) = (String::new(), false, false, false, 0_u32);
    for character in body.chars() {
        match character {
            _ if escaped => {
                element.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted && depth == 0 => push(&mut elements, &mut element, &mut was_quoted),
            _ => {
                // The elements of a column of arrays are arrays again: kept as they stand.
                if !quoted && character == '{' {
                    depth += 1;
                } else if !quoted && character == '}' {
                    depth = depth.saturating_sub(1);
                }
                element.push(character);
            }
        }
    }
    if !body.is_empty() {
        push(&mut elements, &mut element, &mut was_quoted);
    }
    elements
}

fn push(elements: &mut Vec<String>, element: &mut String, was_quoted: &mut bool) {
    let element = std::mem::take(element);
    if std::mem::take(was_quoted) || element != "NULL" {
        elements.push(element);
    }
}

/// Access list entries, `grantee=privileges/grantor`, as grants. One entry can yield two: what may be passed on, and the rest.
pub fn grants(items: &[String]) -> Vec<Grant> {
    items.iter().flat_map(|item| grant(item)).collect()
}

fn grant(item: &str) -> Vec<Grant> {
    let Some((grantee, rest)) = grantee(item) else {
        return Vec::new();
    };
    let letters = rest.split('/').next().unwrap_or_default();
    let (mut plain, mut passed) = (Vec::new(), Vec::new());
    let mut letters = letters.chars().peekable();
    while let Some(letter) = letters.next() {
        let Some(word) = privilege(letter) else { continue };
        let list = if letters.next_if_eq(&'*').is_some() { &mut passed } else { &mut plain };
        list.push(word.to_owned());
    }
    [(plain, false), (passed, true)]
        .into_iter()
        .filter(|(privileges, _)| !privileges.is_empty())
        .map(|(privileges, grantable)| Grant { grantee: grantee.clone(), privileges, grantable })
        .collect()
}

/// The grantee, unquoted, and what follows the `=`.
fn grantee(item: &str) -> Option<(String, &str)> {
    if let Some(quoted) = item.strip_prefix('"') {
        let mut name = String::new();
        let mut characters = quoted.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if character != '"' {
                name.push(character);
            } else if characters.next_if(|(_, next)| *next == '"').is_some() {
                name.push('"');
            } else {
                return Some((name, quoted[at + 1..].strip_prefix('=')?));
            }
        }
        return None;
    }
    let (name, rest) = item.split_once('=')?;
    Some((if name.is_empty() { "PUBLIC".to_owned() } else { name.to_owned() }, rest))
}

/// Letters of access lists: PostgreSQL manual, "Privileges", table "ACL Privilege Abbreviations".
fn privilege(letter: char) -> Option<&'static str> {
    Some(match letter {
        'r' => "SELECT",
        'a' => "INSERT",
        'w' => "UPDATE",
        'd' => "DELETE",
        'D' => "TRUNCATE",
        'x' => "REFERENCES",
        't' => "TRIGGER",
        'm' => "MAINTAIN",
        'X' => "EXECUTE",
        'U' => "USAGE",
        'C' => "CREATE",
        'c' => "CONNECT",
        'T' => "TEMPORARY",
        _ => return None,
    })
}

/// A text without the passwords that connection strings and commands may hold.
pub fn without_passwords(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_password(rest) {
        clean.push_str(&rest[..at]);
        clean.push('…');
        rest = &rest[at..];
        let end = match rest.chars().next() {
            Some(quote @ ('\'' | '"')) => rest[1..].find(quote).map_or(rest.len(), |end| end + 2),
            _ => {
                rest.find(|character: char| character.is_whitespace() || matches!(character, '&' | '\'' | '"' | '@')).unwrap_or(rest.len())
            }
        };
        rest = &rest[end..];
    }
    clean.push_str(rest);
    clean
}

/// Where the next password starts: behind `password=`, or behind the user of a URL.
fn find_password(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let named = ["password=", "password =", "passwd=", "secret=", "token="]
        .iter()
        .filter_map(|word| lower.find(word).map(|at| at + word.len()))
        .map(|at| at + (lower[at..].len() - lower[at..].trim_start_matches(' ').len()))
        .filter(|at| *at < text.len() && !text[*at..].starts_with('…'))
        .min();
    let url = lower.find("://").and_then(|at| {
        let authority = &lower[at + 3..];
        let end = authority.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '\'' | '"')).unwrap_or(authority.len());
        let login = &authority[..authority[..end].rfind('@')?];
        Some(at + 3 + login.find(':')? + 1)
    });
    match (named, url) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A statement without its literals, when it is one that may hold a password: statistics views keep such texts as written.
pub fn without_secret_literals(text: &str) -> String {
    if !text.to_ascii_lowercase().contains("password") || !text.contains('\'') {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        if character == '\'' {
            inside = !inside;
            clean.push_str(if inside { "'…" } else { "'" });
        } else if !inside {
            clean.push(character);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_arrays() {
        assert_eq!(array(r#"{a,"b \"c\", d",NULL,"NULL",{1,2}}"#), ["a", "b \"c\", d", "NULL", "{1,2}"]);
        assert_eq!(array("{}"), Vec::<String>::new());
        assert_eq!(array("[0:1]={x,y}"), ["x", "y"]);
        assert_eq!(array("nonsense"), Vec::<String>::new());
    }

    #[test]
    fn reads_access_lists() {
        let found = grants(&[r#""we""ird=name"=r*w/owner"#.to_owned(), "=UC/postgres".to_owned(), "broken".to_owned()]);
        assert_eq!(found[0], Grant { grantee: "we\"ird=name".to_owned(), privileges: vec!["UPDATE".to_owned()], grantable: false });
        assert_eq!(found[1].privileges, ["SELECT"]);
        assert!(found[1].grantable);
        assert_eq!((found[2].grantee.as_str(), found[2].privileges.join(" ")), ("PUBLIC", "USAGE CREATE".to_owned()));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn removes_passwords() {
        assert_eq!(without_passwords("host=a password=geheim user=b"), "host=a password=… user=b");
        assert_eq!(without_passwords("host=a password='ge heim' user=b"), "host=a password=… user=b");
        assert_eq!(without_passwords("cp postgres://u:geheim@h/d x"), "cp postgres://u:…@h/d x");
        assert_eq!(without_passwords("plain"), "plain");
        let text = without_secret_literals("ALTER ROLE a PASSWORD 'ge''heim' VALID UNTIL 'x'");
        assert_eq!(text, "ALTER ROLE a PASSWORD '…''…' VALID UNTIL '…'");
    }
}
