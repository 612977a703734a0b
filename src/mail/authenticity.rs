//! Authentication-Results (RFC 8601) from the one server that is trusted.

use crate::desk::triage::Authenticity;

/// What the server called `authserv_id` found, from `results`, the fields topmost first, unfolded and decoded.
///
/// Only the topmost run of fields with that id counts (RFC 8601 §5): anything below could have come with the mail.
#[must_use]
pub fn verdict(results: &[String], authserv_id: &str, from_domain: &str) -> Authenticity {
    let trusted = results.iter().map(|it| read(it)).take_while(|it| it.server.eq_ignore_ascii_case(authserv_id.trim()));
    let (mut verified, mut failed) = (false, false);
    for method in trusted.flat_map(|it| it.methods) {
        match (method.name.as_str(), method.result.as_str()) {
            ("dmarc", "pass") => verified = true,
            ("dmarc", "fail") => failed = true,
            ("dkim" | "spf", "pass") => verified |= method.speaks_for(from_domain),
            _ => (),
        }
    }
    match (failed, verified) {
        (true, _) => Authenticity::Failed,
        (false, true) => Authenticity::Verified,
        (false, false) => Authenticity::NotVerified,
    }
}

#[derive(Debug, Default)]
struct Field {
    server: String,
    methods: Vec<Method>,
}

#[derive(Debug, Default)]
struct Method {
    name: String,
    result: String,
    /// `header.d`, `smtp.mailfrom` and the like, in lower case.
    properties: Vec<(String, String)>,
}

impl Method {
    /// Alignment as DMARC has it, in its strict form: the very domain of From.
    fn speaks_for(&self, domain: &str) -> bool {
        let names: &[&str] = if self.name == "dkim" { &["header.d", "header.i"] } else { &["smtp.mailfrom", "smtp.mail"] };
        let of = |value: &str| value.rsplit_once('@').map_or(value, |(_, it)| it).to_lowercase();
        !domain.is_empty()
            && self.properties.iter().any(|(name, value)| names.contains(&name.as_str()) && of(value) == domain.to_lowercase())
    }
}

fn read(value: &str) -> Field {
    let plain = without_comments(value);
    let mut pieces = split_outside_quotes(&plain).into_iter();
    let server = pieces.next().unwrap_or_default();
    let server = server.split_whitespace().next().unwrap_or_default().trim_matches('"').to_owned();
    Field { server, methods: pieces.filter_map(|it| method(&it)).collect() }
}

fn method(piece: &str) -> Option<Method> {
    let spaced = piece.replace(" =", "=").replace("= ", "=");
    let mut words = spaced.split_whitespace();
    let (name, result) = words.next()?.split_once('=')?;
    let name = name.split('/').next()?.to_lowercase();
    let properties =
        words.filter_map(|it| it.split_once('=')).map(|(name, value)| (name.to_lowercase(), value.trim_matches('"').to_lowercase()));
    Some(Method { name, result: result.to_lowercase(), properties: properties.collect() })
}

/// Comments may hold anything, `dmarc=pass` too.
fn without_comments(value: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::with_capacity(value.len()), 0_usize, false, false);
    for c in value.chars() {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            _ if was_escaped => (),
            '\\' => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => (),
        }
        if depth == 0 {
            out.push(c);
        }
    }
    out
}

fn split_outside_quotes(text: &str) -> Vec<String> {
    let (mut pieces, mut quoted) = (vec![String::new()], false);
    for c in text.chars() {
        quoted ^= c == '"';
        match pieces.last_mut() {
            Some(last) if c != ';' || quoted => last.push(c),
            _ => pieces.push(String::new()),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(results: &[&str]) -> Authenticity {
        let results: Vec<String> = results.iter().map(|it| (*it).to_owned()).collect();
        verdict(&results, "mx.desk.test", "x.test")
    }

    #[test]
    fn only_the_trusted_servers_own_run_counts() {
        for (results, expected) in [
            (&["mx.desk.test; dmarc=pass header.from=x.test"][..], Authenticity::Verified),
            (&["MX.desk.test 1; spf=none; dmarc=fail (p=reject) header.from=x.test"], Authenticity::Failed),
            (&["evil.test; dmarc=pass", "mx.desk.test; dmarc=pass"], Authenticity::NotVerified),
            (&["mx.desk.test; dkim=none", "other.test; dmarc=pass", "mx.desk.test; dmarc=pass"], Authenticity::NotVerified),
            (&["mx.desk.test; spf=none (dmarc=pass; dmarc=pass) smtp.mailfrom=x.test"], Authenticity::NotVerified),
            (&["mx.desk.test; dkim=pass header.d=x.test header.s=a"], Authenticity::Verified),
            (&["mx.desk.test; dkim=pass header.d=evil.test"], Authenticity::NotVerified),
            (&["mx.desk.test; spf=pass smtp.mailfrom=ann@x.test"], Authenticity::Verified),
            (&["mx.desk.test; dmarc = pass", "mx.desk.test; dmarc=fail"], Authenticity::Failed),
            (&["mx.desk.test.evil.test; dmarc=pass"], Authenticity::NotVerified),
            (&["mx.desk.test; spf=fail reason=\"x; dmarc=pass\""], Authenticity::NotVerified),
            (&["mx.desk.test; none"], Authenticity::NotVerified),
            (&[], Authenticity::NotVerified),
        ] {
            assert_eq!(of(results), expected, "{results:?}");
        }
    }
}
