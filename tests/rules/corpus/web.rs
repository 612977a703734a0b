//! HTML as the judge reads it: its text, and what a browser could act on in it.

/// A tag with its attributes, or text between tags.
enum Token {
    Start(String, Vec<(String, String)>),
    End(String),
    Text(String),
}

const BLOCK: &[&str] = &[
    "p",
    "div",
    "br",
    "tr",
    "li",
    "ul",
    "ol",
    "table",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "pre",
    "td",
    "th",
    "section",
    "article",
    "center",
];

/// The visible text.
pub fn text(source: &str) -> String {
    let (mut out, mut hidden) = (String::new(), 0_usize);
    for token in tokens(source) {
        match token {
            Token::Start(name, _) if ["style", "script", "title"].contains(&name.as_str()) => hidden += 1,
            Token::End(name) if ["style", "script", "title"].contains(&name.as_str()) => hidden = hidden.saturating_sub(1),
            Token::Start(name, _) | Token::End(name) if BLOCK.contains(&name.as_str()) => out.push('\n'),
            Token::Text(text) if hidden == 0 => out.push_str(&text),
            Token::Start(..) | Token::End(_) | Token::Text(_) => (),
        }
    }
    out
}

const TAGS: &[&str] = &["script", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "meta", "link"];
const URLS: &[&str] = &[
    "href",
    "src",
    "xlink:href",
    "action",
    "formaction",
    "background",
    "poster",
    "data",
    "values",
    "to",
    "from",
    "by",
    "dynsrc",
    "lowsrc",
    "code",
    "codebase",
    "srcset",
    "ping",
];
const STYLES: &[&str] = &["expression(", "javascript:", "vbscript:", "-moz-binding", "behavior:", "@import"];

/// Elements, handlers and addresses that should have been made harmless.
pub fn dangers(source: &str) -> Vec<String> {
    let (mut found, mut in_style) = (Vec::new(), false);
    for token in tokens(source) {
        match token {
            Token::Start(name, attributes) => {
                in_style = name == "style";
                if TAGS.contains(&name.as_str()) {
                    found.push(format!("<{name}>"));
                }
                found.extend(
                    attributes.iter().filter(|(key, value)| is_danger(key, value)).map(|(key, value)| format!("{name} {key}={value}")),
                );
            }
            Token::Text(text) if in_style && STYLES.iter().any(|it| text.to_lowercase().contains(it)) => found.push("<style>".to_owned()),
            Token::End(_) | Token::Text(_) => in_style = false,
        }
    }
    found
}

fn is_danger(key: &str, value: &str) -> bool {
    let value: String =
        value.chars().filter(|c| !"\t\r\n".contains(*c)).collect::<String>().trim_start_matches(|c: char| c <= ' ').to_lowercase();
    let scripted = ["javascript:", "vbscript:", "livescript:", "mocha:", "feed:"].iter().any(|it| value.starts_with(it));
    let picture = ["png", "gif", "jpg", "jpeg", "webp"].iter().any(|it| value.starts_with(&format!("data:image/{it}")));
    key.starts_with("on")
        || key == "srcdoc"
        || URLS.contains(&key) && (scripted || value.starts_with("data:") && !picture)
        || key == "style" && STYLES.iter().any(|it| value.contains(it))
}

/// A plain reading of tags, as a parser without a tree does it.
fn tokens(source: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), source);
    while let Some(at) = rest.find('<') {
        let after = &rest[at + 1..];
        let is_tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        if !is_tag {
            tokens.push(Token::Text(unescape(&rest[..=at])));
            rest = after;
            continue;
        }
        tokens.push(Token::Text(unescape(&rest[..at])));
        if after.starts_with("!--") {
            rest = after.split_once("-->").map_or("", |(_, it)| it);
            continue;
        }
        let end = end_of_tag(after);
        tokens.extend(tag(&after[..end]));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    tokens.push(Token::Text(unescape(rest)));
    tokens
}

fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') if text[..at].trim_end().ends_with('=') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => (),
        }
    }
    text.len()
}

fn tag(inner: &str) -> Option<Token> {
    if let Some(name) = inner.strip_prefix('/') {
        return Some(Token::End(name.trim().to_lowercase()));
    }
    let name: String = inner.chars().take_while(|c| !c.is_whitespace() && *c != '/').collect::<String>().to_lowercase();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let pattern = regex::Regex::new(r#"([^\s=/>"']+)\s*(?:=\s*("[^"]*"|'[^']*'|[^\s>]+))?"#).unwrap();
    let attributes = pattern.captures_iter(&inner[name.len().min(inner.len())..]).map(|it| {
        let value = it.get(2).map_or("", |it| it.as_str()).trim_matches(['"', '\'']);
        (it[1].to_lowercase(), unescape(value))
    });
    Some(Token::Start(name, attributes.collect()))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", "\u{a0}")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
