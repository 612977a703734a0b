//! The newly written words of a mail: quoted history and signature found, line by line.
//!
//! Lines are only ever taken away, never changed; in doubt they stay. Every step looks at each line a bounded
//! number of times, so that the whole is linear.

pub mod among;
mod attribution;
mod below;
mod beside;
mod device;
pub mod forwarded;
mod header;
mod history;
mod lines;
mod marker;
mod phrases;
mod purpose;
mod signature;
mod wrapped;

use std::ops::Range;

use lines::{Kind, Line};
pub use purpose::Purpose;

/// At most this much is looked at for quoting (SAFETY.md, "Bounds").
const MOST_OCTETS: usize = 256 * 1024;

/// A text in its three parts. Each is whole lines of the text, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// What the sender newly wrote.
    pub reply: String,
    /// The history that was cut, with its attribution line.
    pub quoted: String,
    /// The signature that was cut.
    pub signature: String,
}

/// Splits a text, which may hold the marks that [`crate::mail::html`] leaves where a mail program marked its quotes.
#[must_use]
pub fn split(text: &str, purpose: Purpose) -> Parts {
    let looked_at = whole_lines(text, MOST_OCTETS);
    let mut lines = lines::read(looked_at);
    let cut_short = looked_at.len() < text.len();
    let parts = match marker::find(&lines, purpose).filter(|at| !below::points_down(&lines[..*at])) {
        Some(at) => {
            let at = history::with_attribution(&lines, at);
            above_marker(&mut lines, at, purpose)
        }
        None => parts(&mut lines, purpose, cut_short),
    };
    if cut_short { with_rest(parts, lines::without_marks(&text[looked_at.len()..])) } else { parts }
}

/// Splits a text that was sent beside an HTML form. Where nothing in it shows history, what the HTML form marks as such is
/// believed: `html` gives its text with marks, and is asked only then.
#[must_use]
pub fn split_beside(text: &str, html: impl FnOnce() -> Option<String>, purpose: Purpose) -> Parts {
    let parts = split(text, purpose);
    if purpose == Purpose::Forwards || !parts.quoted.is_empty() {
        return parts;
    }
    let marked = html().and_then(|html| beside::marked(text, &html, purpose, parts.signature.is_empty()));
    marked.map_or(parts, |marked| split(&marked, purpose))
}

fn whole_lines(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = text[..end].rfind('\n').map_or(end, |at| at + 1);
    &text[..end]
}

fn with_rest(mut parts: Parts, rest: String) -> Parts {
    let goes_to = if parts.quoted.is_empty() { &mut parts.reply } else { &mut parts.quoted };
    goes_to.push('\n');
    goes_to.push_str(&rest);
    parts
}

/// The marker line settles it, unless nothing stands above it: then the sender wrote below.
fn above_marker(lines: &mut [Line<'_>], at: usize, purpose: Purpose) -> Parts {
    let (above, below) = lines.split_at_mut(at);
    let mut found = parts(above, purpose, false);
    if found.reply.is_empty() {
        return parts(lines, purpose, false);
    }
    let history = lines::join(below.iter());
    found.quoted = if found.quoted.is_empty() { history } else { format!("{}\n{history}", found.quoted) };
    found
}

/// Where each line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Reply,
    Quoted,
    Signature,
}

fn parts(lines: &mut [Line<'_>], purpose: Purpose, cut_short: bool) -> Parts {
    let places = places(lines, purpose, cut_short);
    collect(lines, &places)
}

fn places(lines: &mut [Line<'_>], purpose: Purpose, cut_short: bool) -> Vec<Place> {
    let mut places = vec![Place::Reply; lines.len()];
    for (place, _) in places.iter_mut().zip(lines.iter()).filter(|(_, it)| purpose != Purpose::Forwards && marker::is_own(it)) {
        *place = Place::Quoted;
    }
    let end = history::find(lines, purpose);
    let first_quote = lines.iter().position(|it| it.kind == Kind::Quote);
    if end.cut.into_iter().chain(first_quote).min().is_some_and(|at| below::points_down(&lines[..at])) {
        return places;
    }
    if let Some(cut) = end.cut {
        places[cut..].fill(Place::Quoted);
    }
    for at in end.leading_attribution {
        places[at] = Place::Quoted;
    }
    let end = end.cut.or(end.forward).unwrap_or(lines.len());
    // Nothing but quoted lines, and nobody named who wrote them: whoever sent them wants them read.
    let said = lines[..end].iter().filter(|it| !it.is_empty());
    if said.clone().count() > 0 && said.clone().all(|it| it.kind == Kind::Quote && !it.attribution) {
        return places;
    }
    // What lies behind a forward's mark is shown as it came; a text that was not read to its end may go on.
    if !cut_short && end > 0 {
        signature::marked(&lines[..end]).for_each(|region| places[region].fill(Place::Signature));
        trim(&lines[..end], &mut places[..end], purpose, end == lines.len());
    }
    places
}

/// Takes signature and quotes from the end, again and again, then looks at what is left.
fn trim(lines: &[Line<'_>], places: &mut [Place], purpose: Purpose, to_the_end: bool) {
    let mut end = lines.len();
    loop {
        let before = end;
        while end > 0 && (lines[end - 1].is_empty() || lines[end - 1].kind == Kind::Text && places[end - 1] != Place::Reply) {
            end -= 1;
        }
        let text_from = lines[..end].iter().rposition(|it| it.kind == Kind::Quote).map_or(0, |at| at + 1);
        if let Some(at) = signature::start(&lines[text_from..end], text_from == 0) {
            places[text_from + at..end].fill(Place::Signature);
            end = text_from + at;
        }
        let quote = quote_at_end(lines, end);
        if !quote.is_empty() && history::is_cited(&lines[quote.clone()], purpose) {
            let from = history::with_rule(lines, quote.start);
            places[from..quote.end].fill(Place::Quoted);
            end = from;
        }
        if end == before {
            break;
        }
    }
    look_within(lines, places, end, purpose, to_the_end);
}

/// The quoted lines above `end`, and the blank ones among them.
fn quote_at_end(lines: &[Line<'_>], end: usize) -> Range<usize> {
    let from = lines[..end].iter().rposition(|it| it.kind != Kind::Quote && !it.is_empty()).map_or(0, |at| at + 1);
    let first = lines[from..end].iter().position(|it| it.kind == Kind::Quote);
    first.map_or(end..end, |at| from + at..end)
}

/// Text and quotes by turns are an answer point by point, and the questions stay. One quote above one text is an
/// answer below it.
fn look_within(lines: &[Line<'_>], places: &mut [Place], end: usize, purpose: Purpose, to_the_end: bool) {
    let stretches = stretches(&lines[..end]);
    let is_cited = |quote: &Range<usize>| history::is_cited(&lines[quote.clone()], purpose);
    match &stretches[..] {
        [(Kind::Quote, quote), (_, _)] if is_cited(quote) => {
            // A forwarded or shown piece with a remark below it looks the same; only an attribution tells.
            places[quote.clone()].fill(Place::Quoted);
        }
        [(Kind::Text, above), (Kind::Quote, quote), (_, below)]
            if to_the_end && is_cited(quote) && is_afterword(lines, above, quote, below) =>
        {
            places[quote.clone()].fill(Place::Quoted);
            places[below.clone()].fill(Place::Signature);
        }
        _ => (),
    }
}

type Stretch = (Kind, Range<usize>);

/// Runs of text and runs of quote, blank lines belonging to the run before them.
fn stretches(lines: &[Line<'_>]) -> Vec<Stretch> {
    let mut runs: Vec<Stretch> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match (line.is_empty(), runs.last_mut()) {
            (true, Some(run)) => run.1.end = at + 1,
            (true, None) => (),
            (false, Some(run)) if run.0 == line.kind => run.1.end = at + 1,
            (false, _) => runs.push((line.kind, at..at + 1)),
        }
    }
    runs
}

/// A name or a notice below the whole quoted mail, when the answer stands above it: a signature without a mark.
/// A greeting above, a question at the quote's end, or a word that points down makes it an answer.
fn is_afterword(lines: &[Line<'_>], above: &Range<usize>, quote: &Range<usize>, below: &Range<usize>) -> bool {
    let said = |range: &Range<usize>| lines[range.clone()].iter().filter(|it| !it.is_empty()).map(|it| it.text).collect::<Vec<_>>();
    let (above, quoted, below_said) = (said(above), said(quote), said(below));
    let attributed = lines[quote.start].attribution;
    let one_paragraph = below_said.len() <= 3 && !lines[below.clone()].iter().take(below_said.len()).any(Line::is_empty);
    let greeting =
        above.len() <= 2 && above.last().is_some_and(|it| it.trim_end().ends_with([',', '!', '-'])) && above.join(" ").len() < 40;
    let points_down = above.iter().any(|it| below::speaks_of_below(&phrases::lower(it)) || it.trim_end().ends_with(':'));
    // A number alone may be what was asked for.
    let answers = below_said.len() == 1 && signature::reaches(below_said[0]) && !below_said[0].contains(['@', '/']);
    let asked = quoted.last().is_some_and(|it| it.trim_end().ends_with(['?', '？']));
    attributed && one_paragraph && signature::signs(&below_said) && !answers && !greeting && !points_down && !asked
}

/// Who types into the signature of their device wrote nothing else: words there are the answer, where there is no other.
fn collect(lines: &[Line<'_>], places: &[Place]) -> Parts {
    let of = |place: Place| lines::join(lines.iter().zip(places).filter(|(_, it)| **it == place).map(|(line, _)| line));
    let (reply, signature) = (of(Place::Reply), of(Place::Signature));
    let (reply, signature) = if reply.trim().is_empty() && signature::speaks(&signature) { (signature, reply) } else { (reply, signature) };
    Parts { reply, quoted: of(Place::Quoted), signature }
}

#[cfg(test)]
mod tests;
