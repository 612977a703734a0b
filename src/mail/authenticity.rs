//! Authentication-Results (RFC 8601) from the one server that is trusted.

use crate::desk::{
    message::SenderTrace,
    triage::{Authenticity, SenderCheck},
};

/// What the server called `authserv_id` found about mail that says to be from `from_domain`.
///
/// Only the topmost run of results with that id counts (RFC 8601 §5): another server's results or Received end it, and
/// for each method the topmost field that tells of it is believed. Whatever stands below could have come with the mail; a
/// server is bound to remove what comes in under its own name.
#[must_use]
pub fn verdict(traces: &[SenderTrace], authserv_id: &str, from_domain: &str) -> SenderCheck {
    let fields = topmost_run(traces, authserv_id);
    if fields.is_empty() {
        let why = format!("there is no word about the sender on it from our mail server {authserv_id}");
        return SenderCheck { authenticity: Authenticity::NotVerified, why };
    }
    let says = |what: String| format!("our mail server {authserv_id} says that {what}");
    let told = |name| fields.iter().map(|it| it.methods_called(name)).find(|it| !it.is_empty()).unwrap_or_default();
    // A failure counts wherever the server tells of it.
    let fails = fields.iter().flat_map(|it| it.methods_called("dmarc")).any(|it| it.result == "fail" && it.is_about(from_domain));
    if fails {
        let why = says(format!("DMARC fails for {from_domain}: it may not be from who it claims"));
        return SenderCheck { authenticity: Authenticity::Failed, why };
    }
    let passes = ["dkim", "spf"].into_iter().find(|name| told(name).iter().any(|it| it.result == "pass" && it.speaks_for(from_domain)));
    let dmarc_passes = told("dmarc").iter().any(|it| it.result == "pass" && it.is_about(from_domain));
    let (authenticity, what) = match (dmarc_passes, passes) {
        (true, _) => (Authenticity::Verified, format!("DMARC passes for {from_domain}")),
        (false, Some("dkim")) => (Authenticity::Verified, format!("it is signed by {from_domain} (DKIM)")),
        (false, Some(_)) => (Authenticity::Verified, format!("it was sent from where {from_domain} allows it (SPF)")),
        (false, None) => (Authenticity::NotVerified, format!("nothing vouches for {from_domain}{}", in_short(&fields))),
    };
    SenderCheck { authenticity, why: says(what) }
}

/// The results of the server, from the top to the first trace of another.
fn topmost_run(traces: &[SenderTrace], authserv_id: &str) -> Vec<Field> {
    let (mut fields, mut ours_seen) = (Vec::new(), false);
    for trace in traces {
        match trace {
            SenderTrace::Results(value) => match read(value) {
                field if is_same_server(&field.server, authserv_id) => fields.push(field),
                _ => break,
            },
            // What handed the mail on within the house stands above the results; below our own server's Received it is others'.
            SenderTrace::ReceivedBy(host) if is_near(host, authserv_id) => ours_seen = true,
            SenderTrace::ReceivedBy(_) if ours_seen || !fields.is_empty() => break,
            SenderTrace::ReceivedBy(_) => {}
        }
    }
    fields
}

/// RFC 8601 §2.2: compared as a domain name is, without regard to case; as one that may end with a dot.
fn is_same_server(server: &str, authserv_id: &str) -> bool {
    let bare = |it: &str| it.trim().trim_end_matches('.').to_lowercase();
    !bare(server).is_empty() && bare(server) == bare(authserv_id)
}

/// A host that is the server, or lies in its domain, or whose domain it names; a filter on the same machine has no domain.
fn is_near(host: &str, authserv_id: &str) -> bool {
    if !host.contains(['.', ':']) {
        return true;
    }
    let id = authserv_id.trim().trim_end_matches('.').to_lowercase();
    is_same_server(host, &id) || lies_in(host, &id) || lies_in(&id, host)
}

/// `mail.example.com` lies in `example.com`; nothing lies in a top-level domain.
fn lies_in(domain: &str, parent: &str) -> bool {
    parent.contains('.') && domain.strip_suffix(parent).is_some_and(|it| it.ends_with('.'))
}

/// `; dkim none, spf fail`, so that a person sees what was asked.
fn in_short(fields: &[Field]) -> String {
    let mut results: Vec<String> = fields.iter().flat_map(|it| &it.methods).map(|it| format!("{} {}", it.name, it.result)).collect();
    results.dedup();
    results.truncate(6);
    if results.is_empty() { String::new() } else { format!(" ({})", results.join(", ")) }
}

#[derive(Debug, Default)]
struct Field {
    server: String,
    methods: Vec<Method>,
}

impl Field {
    fn methods_called(&self, name: &str) -> Vec<&Method> {
        self.methods.iter().filter(|it| it.name == name).collect()
    }
}

#[derive(Debug, Default)]
struct Method {
    name: String,
    result: String,
    /// `header.d`, `smtp.mailfrom` and the like, in lower case.
    properties: Vec<(String, String)>,
}

impl Method {
    /// DMARC's own word on which From it judged; a server that names none judged the one there is.
    fn is_about(&self, domain: &str) -> bool {
        let judged: Vec<&str> = self.values(&["header.from"]).collect();
        !domain.is_empty() && (judged.is_empty() || judged.iter().any(|it| it.eq_ignore_ascii_case(domain)))
    }

    /// Alignment as DMARC has it in its relaxed form (RFC 7489 §3.1), as far as that can be told without a list of public
    /// suffixes: the domain itself, one above it, or one below it where it is no registry's own.
    fn speaks_for(&self, from_domain: &str) -> bool {
        let names: &[&str] = if self.name == "dkim" { &["header.d", "header.i"] } else { &["smtp.mailfrom", "smtp.mail"] };
        let domain = from_domain.to_lowercase();
        let aligned = |it: &str| it == domain || lies_in(&domain, it) || (lies_in(it, &domain) && !is_registry_like(&domain));
        !domain.is_empty() && self.values(names).any(aligned)
    }

    /// The domains of these properties.
    fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let of = |value: &'a str| value.rsplit_once('@').map_or(value, |(_, it)| it).trim_end_matches('.');
        self.properties.iter().filter(|(name, _)| names.contains(&name.as_str())).map(move |(_, value)| of(value))
    }
}

/// `co.uk`, `com.au`, `ne.jp`: below such a one anybody may have a name.
fn is_registry_like(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    matches!(labels[..], [second, top] if second.len() <= 3 && top.len() == 2) || labels.len() < 2
}

fn read(value: &str) -> Field {
    let Some(plain) = without_comments(value) else { return Field::default() };
    let mut pieces = split_outside_quotes(&plain).into_iter();
    let server = pieces.next().unwrap_or_default();
    let server = server.split_whitespace().next().unwrap_or_default().trim_matches('"').to_owned();
    Field { server, methods: pieces.filter_map(|it| method(&it)).collect() }
}

/// `dkim/1=pass reason="good" header.d=example.com`, with white space around the signs or not.
fn method(piece: &str) -> Option<Method> {
    let words = words_outside_quotes(piece);
    let mut words = words.iter();
    let (name, result) = words.next()?.split_once('=')?;
    let name = name.split('/').next()?.to_lowercase();
    let properties =
        words.filter_map(|it| it.split_once('=')).map(|(name, value)| (name.to_lowercase(), value.trim_matches('"').to_lowercase()));
    Some(Method { name, result: result.trim_matches('"').to_lowercase(), properties: properties.collect() })
}

/// Words parted by white space, but not around `=`, `.` and `/` (RFC 8601 §2.2 has CFWS there) nor within quotes.
fn words_outside_quotes(piece: &str) -> Vec<String> {
    let joins = |c: char| matches!(c, '=' | '/');
    let (mut words, mut quoted, mut parted) = (vec![String::new()], false, false);
    for c in piece.trim().chars() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            parted = true;
            continue;
        }
        let Some(last) = words.last_mut() else { break };
        if std::mem::take(&mut parted) && !joins(c) && !last.ends_with(joins) {
            words.push(String::from(c));
        } else {
            last.push(c);
        }
    }
    words
}

/// Comments may hold anything, `dmarc=pass` too. What is escaped within quotes becomes `_`: an envelope sender is a
/// stranger's text, and must not end its quotes by itself. None: a quote or a comment is never closed.
fn without_comments(value: &str) -> Option<String> {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::with_capacity(value.len()), 0_usize, false, false);
    for c in value.chars() {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            _ if was_escaped => {
                if depth == 0 {
                    out.push('_');
                }
                continue;
            }
            '\\' if quoted || depth > 0 => {
                escaped = true;
                continue;
            }
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                // It parts words, as the white space does that it stands for.
                out.push(' ');
                continue;
            }
            _ => (),
        }
        if depth == 0 {
            out.push(c);
        }
    }
    (!quoted && depth == 0).then_some(out)
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
mod tests;
