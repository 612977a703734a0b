//! The values of a `style` attribute that mail is shown with: colour, type and space within its own box. Nothing that
//! loads, moves something over something else, or outgrows the sheet.

/// More declarations than any program writes.
const MOST: usize = 40;

/// What is left of a style, written in one form, so that filtering it again changes nothing; empty when nothing is.
pub(super) fn filter(style: &str) -> String {
    let mut kept = String::new();
    for declaration in style.split(';').take(MOST) {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase());
        let value = value.strip_suffix("!important").map_or(value.as_str(), str::trim_end);
        if value.len() > 200 {
            continue;
        }
        if let Some(value) = allowed(&name, value) {
            kept.push_str(if kept.is_empty() { "" } else { ";" });
            kept.push_str(&name);
            kept.push(':');
            kept.push_str(&value);
        }
    }
    kept
}

/// The value as it is written, if this property may have it.
fn allowed(name: &str, value: &str) -> Option<String> {
    match name {
        "color" | "background-color" | "background" => colour(value),
        "border-color" => each(value, 4, colour),
        "font-size" => length(value, 100.0).or_else(|| word(value, SIZES)),
        "line-height" => plain_number(value, 5.0).or_else(|| length(value, 150.0)).or_else(|| word(value, &["normal"])),
        "width" | "max-width" | "min-width" => length(value, 2000.0).or_else(|| word(value, &["auto", "none"])),
        "height" => length(value, 2000.0).or_else(|| word(value, &["auto"])),
        "border-width" => each(value, 4, |it| length(it, 20.0).or_else(|| word(it, WIDTHS))),
        "border-style" => each(value, 4, |it| word(it, LINES)),
        "border-radius" => each(value, 4, |it| length(it, 200.0)),
        "border-spacing" => each(value, 2, |it| length(it, 100.0)),
        "border" | "border-top" | "border-right" | "border-bottom" | "border-left" => border(value),
        "font-family" => family(value),
        _ if is_side(name, "padding") => each(value, 4, |it| length(it, 200.0)),
        _ if is_side(name, "margin") => each(value, 4, |it| length(it, 200.0).or_else(|| word(it, &["auto"]))),
        _ => KEYWORDS.iter().find(|(it, _)| *it == name).and_then(|(_, words)| word(value, words)),
    }
}

/// `padding`, or one side of it.
fn is_side(name: &str, of: &str) -> bool {
    name.strip_prefix(of).is_some_and(|side| matches!(side, "" | "-top" | "-right" | "-bottom" | "-left"))
}

const SIZES: &[&str] = &["xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "smaller", "larger"];
const WIDTHS: &[&str] = &["thin", "medium", "thick"];
const LINES: &[&str] = &["none", "solid", "dashed", "dotted", "double", "groove", "ridge", "inset", "outset"];

const KEYWORDS: &[(&str, &[&str])] = &[
    // What is not shown can neither be pressed nor cover anything; programs hide their previews so.
    ("display", &["none", "block", "inline", "inline-block"]),
    ("text-align", &["left", "right", "center", "justify", "start", "end"]),
    ("vertical-align", &["top", "middle", "bottom", "baseline", "sub", "super", "text-top", "text-bottom"]),
    ("font-weight", &["normal", "bold", "bolder", "lighter", "100", "200", "300", "400", "500", "600", "700", "800", "900"]),
    ("font-style", &["normal", "italic", "oblique"]),
    ("text-decoration", &["none", "underline", "line-through", "overline"]),
    ("text-transform", &["none", "uppercase", "lowercase", "capitalize"]),
    ("white-space", &["normal", "nowrap", "pre", "pre-wrap", "pre-line"]),
    ("border-collapse", &["collapse", "separate"]),
    ("list-style-type", &["none", "disc", "circle", "square", "decimal", "lower-alpha", "upper-alpha", "lower-roman", "upper-roman"]),
    ("direction", &["ltr", "rtl"]),
];

fn word(value: &str, of: &[&str]) -> Option<String> {
    of.contains(&value).then(|| value.to_owned())
}

/// Up to `most` values with spaces between; all of them or none.
fn each(value: &str, most: usize, one: impl Fn(&str) -> Option<String>) -> Option<String> {
    let all: Vec<String> = value.split_whitespace().map(one).collect::<Option<_>>()?;
    (!all.is_empty() && all.len() <= most).then(|| all.join(" "))
}

/// Width, line and colour, in whatever order they come.
fn border(value: &str) -> Option<String> {
    let (mut width, mut line, mut shade) = (None, None, None);
    for it in tight(value).split_whitespace() {
        let (slot, read) = match (length(it, 20.0).or_else(|| word(it, WIDTHS)), word(it, LINES)) {
            (Some(read), _) => (&mut width, read),
            (None, Some(read)) => (&mut line, read),
            (None, None) => (&mut shade, colour(it)?),
        };
        if slot.replace(read).is_some() {
            return None;
        }
    }
    let parts: Vec<String> = [width, line, shade].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Without the spaces in `rgb(1, 2, 3)`.
fn tight(value: &str) -> String {
    let mut depth = 0_usize;
    let mut kept = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => (),
        }
        depth == 0 || !c.is_whitespace()
    };
    value.chars().filter(|c| kept(c)).collect()
}

/// `#hex`, a name, `rgb()` or `rgba()` of plain numbers.
fn colour(value: &str) -> Option<String> {
    let value = tight(value);
    let hex = value.strip_prefix('#').is_some_and(|it| matches!(it.len(), 3 | 4 | 6 | 8) && it.bytes().all(|c| c.is_ascii_hexdigit()));
    let name = (3..=20).contains(&value.len()) && value.bytes().all(|c| c.is_ascii_lowercase());
    let inside = value.strip_prefix("rgba(").or_else(|| value.strip_prefix("rgb(")).and_then(|it| it.strip_suffix(')'));
    let numbers = inside.is_some_and(|it| it.len() <= 40 && it.bytes().all(|c| c.is_ascii_digit() || matches!(c, b',' | b'.' | b'%')));
    (hex || name || numbers).then_some(value)
}

/// A length from 0 to `most` px, in px, em, rem or per cent; other units become px.
fn length(value: &str, most: f64) -> Option<String> {
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let number: f64 = number.parse().ok()?;
    let (number, unit, most) = match unit {
        "px" => (number, "px", most),
        "pt" => (number * 4.0 / 3.0, "px", most),
        "pc" => (number * 16.0, "px", most),
        "in" => (number * 96.0, "px", most),
        "cm" => (number * 96.0 / 2.54, "px", most),
        "mm" => (number * 96.0 / 25.4, "px", most),
        "em" | "rem" => (number, unit, most / 16.0),
        "%" => (number, "%", 100_f64.max(most.min(200.0))),
        "" if number == 0.0 => (number, "", most),
        _ => return None,
    };
    (number <= most).then(|| if number == 0.0 { "0".to_owned() } else { format!("{}{unit}", (number * 100.0).round() / 100.0) })
}

fn plain_number(value: &str, most: f64) -> Option<String> {
    let digits = !value.is_empty() && value.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    let number: f64 = value.parse().ok().filter(|_| digits)?;
    (number <= most).then(|| ((number * 100.0).round() / 100.0).to_string())
}

/// Names without their quotes, which say nothing here.
fn family(value: &str) -> Option<String> {
    let bare: String = value.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
    let names: Vec<&str> = bare.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    let plain = |it: &&str| it.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b' ' | b'_'));
    (!names.is_empty() && names.iter().all(plain)).then(|| names.join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_style_keeps_what_only_looks_and_loses_what_acts() {
        for (style, kept) in [
            ("COLOR: Red; background-color:#FFF", "color:red;background-color:#fff"),
            (
                "padding: 3.0pt 0cm 0cm 0cm; border:none; border-top: solid #E1E1E1 1.0pt",
                "padding:4px 0 0 0;border:none;border-top:1.33px solid #e1e1e1",
            ),
            ("font-family:'Segoe UI', Arial,sans-serif; font-size:12pt", "font-family:segoe ui,arial,sans-serif;font-size:16px"),
            ("border: 1px solid rgb(1, 2, 3)", "border:1px solid rgb(1,2,3)"),
            ("background:url(http://x.test/a.png)", ""),
            ("background-image:url('//x.test')", ""),
            ("color:expression(alert(1))", ""),
            ("width:expression(alert(1)); -moz-binding:url(x); behavior:url(x)", ""),
            ("position:fixed;top:0;left:0;z-index:9;opacity:0;visibility:hidden;transform:scale(9)", ""),
            ("margin:-50px; margin-left:-1px; text-indent:-9999px; width:999999px", ""),
            ("color:r\\65 d; c\\olor:red; color:/**/red; color:var(--x)", ""),
            ("display:none; mso-hide:all; max-height:0; overflow:hidden", "display:none"),
            ("color:red\"><script>", ""),
            ("line-height:1.5;width:100% !important;margin:0 auto", "line-height:1.5;width:100%;margin:0 auto"),
            ("color:red}*{color:blue", ""),
            ("content:'x';list-style:url(x);cursor:url(x),auto;filter:url(#a);src:url(x)", ""),
        ] {
            assert_eq!(filter(style), kept, "{style}");
        }
    }

    proptest! {
        #[test]
        fn filtering_again_changes_nothing(style in "((color|padding|margin|border-top|font|font-size|font-family|width|background|line-height) ?: ?[-a-z0-9#%(), .'\"]{0,14};?){0,5}") {
            let once = filter(&style);
            prop_assert_eq!(filter(&once), once.clone());
            let odd = once.contains(['<', '>', '"', '\\', '@', '{', '\'', '/']);
            prop_assert!(!odd, "{}", once);
        }
    }
}
