//! A link that says one place and leads to another.

/// The host that a link leads to, where its text names a different one: what a careful reader would want to be told.
/// A host and its own subdomains are one place.
#[must_use]
pub fn leads_elsewhere(text: &str, address: &str) -> Option<String> {
    let named = named(text)?;
    let target = host(address)?;
    let within = |inner: &str, outer: &str| inner == outer || inner.strip_suffix(outer).is_some_and(|it| it.ends_with('.'));
    (!within(&named, &target) && !within(&target, &named)).then_some(target)
}

/// The host of an `http` or `https` address: without user, port and `www.`, in lower case.
fn host(address: &str) -> Option<String> {
    let lower = address.trim().to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    let host = host.trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    (!host.is_empty()).then(|| host.to_owned())
}

/// The host that a text names: of the first address in it, or when the whole of it reads as one.
fn named(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/').to_owned();
    for word in text.split_whitespace().take(200).map(bare) {
        let lower = word.to_ascii_lowercase();
        if lower.starts_with("https://") || lower.starts_with("http://") {
            return host(&lower);
        }
        if lower.starts_with("www.") {
            return host(&format!("http://{lower}"));
        }
    }
    let host = host(&format!("http://{text}")).filter(|it| !text.contains(char::is_whitespace) && !text.contains('@') && is_domain(it))?;
    Some(host)
}

/// Names of files, which look like domains.
const FILES: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "csv", "txt", "rtf", "zip", "png", "jpg", "jpeg", "gif", "svg",
    "htm", "html", "xml", "json", "js", "php", "aspx", "eml", "ics", "mp3", "mp4",
];

fn is_domain(host: &str) -> bool {
    let Some((name, last)) = host.rsplit_once('.') else { return false };
    let label = |it: &str| !it.is_empty() && it.chars().all(|c| c.is_alphanumeric() || c == '-');
    last.chars().count() >= 2 && !FILES.contains(&last) && last.chars().all(char::is_alphabetic) && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_apart_when_it_names_another_host_than_it_leads_to() {
        for (text, address, told) in [
            ("https://bank.test/login", "https://evil.test/bank.test", Some("evil.test")),
            ("www.bank.test", "http://bank.test.evil.test", Some("bank.test.evil.test")),
            ("bank.test", "https://bank.test@evil.test:8080/", Some("evil.test")),
            ("Go to https://bank.test now", "https://evil.test/", Some("evil.test")),
            ("bank.test", "https://WWW.bank.test/x", None),
            ("https://bank.test", "https://login.bank.test/", None),
            ("https://help.bank.test", "https://bank.test/", None),
            ("bank.test", "https://notbank.test/", Some("notbank.test")),
            ("click here", "https://evil.test/", None),
            ("report.pdf", "https://files.test/1", None),
            ("ann@home.test", "https://evil.test/", None),
            ("Dr. Who", "https://evil.test/", None),
            ("https://bank.test", "mailto:ann@home.test", None),
            ("bank.test/a b", "https://evil.test", None),
        ] {
            assert_eq!(leads_elsewhere(text, address).as_deref(), told, "{text} → {address}");
        }
    }
}
