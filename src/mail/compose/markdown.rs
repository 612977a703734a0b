//! Words in Markdown (CommonMark 0.31) as HTML that a page and a mail may show.
//!
//! What is typed leaves as text as well, so that nothing is lost where it stands as it is: HTML in it is words, a single line end is
//! one, and an address that is typed is a link.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

use crate::mail::html::sanitise;

/// The words as sanitised HTML: paragraphs, headings, lists, quotes, code, emphasis and links, and nothing that loads anything.
#[must_use]
pub fn to_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut within = Within::default();
    let events = Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH).flat_map(|event| within.shown(event));
    html::push_html(&mut out, events);
    sanitise(out.trim_end()).html
}

/// Where the words stand that are read just now.
#[derive(Default)]
struct Within {
    /// Links, one in another: in them an address is not a link once more.
    links: usize,
    code: bool,
}

impl Within {
    fn shown<'t>(&mut self, event: Event<'t>) -> Vec<Event<'t>> {
        match event {
            Event::SoftBreak => vec![Event::HardBreak],
            Event::Html(typed) | Event::InlineHtml(typed) => vec![Event::Text(typed)],
            Event::Start(Tag::HtmlBlock) => vec![Event::Start(Tag::Paragraph)],
            Event::End(TagEnd::HtmlBlock) => vec![Event::End(TagEnd::Paragraph)],
            Event::Start(Tag::Link { .. }) => {
                self.links += 1;
                vec![event]
            }
            // A picture from elsewhere tells who opened the mail, and when: it is a link.
            Event::Start(Tag::Image { dest_url, .. }) => {
                self.links += 1;
                vec![link(dest_url)]
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                self.links = self.links.saturating_sub(1);
                vec![Event::End(TagEnd::Link)]
            }
            Event::Start(Tag::CodeBlock(_)) => {
                self.code = true;
                vec![event]
            }
            Event::End(TagEnd::CodeBlock) => {
                self.code = false;
                vec![event]
            }
            Event::Text(words) if self.links == 0 && !self.code => linked(&words),
            other @ (Event::Start(_)
            | Event::End(_)
            | Event::Text(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_)) => vec![other],
        }
    }
}

fn link(to: CowStr<'_>) -> Event<'_> {
    Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url: to, title: CowStr::Borrowed(""), id: CowStr::Borrowed("") })
}

/// Words with their addresses as links: up to white space, without what ends a sentence.
fn linked<'t>(words: &str) -> Vec<Event<'t>> {
    let mut events = Vec::new();
    let mut rest = words;
    while let Some(at) = [rest.find("https://"), rest.find("http://")].into_iter().flatten().min() {
        let (before, found) = rest.split_at(at);
        let end = found.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(found.len());
        let address = found[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'']);
        let text = |it: &str| Event::Text(CowStr::from(it.to_owned()));
        if !before.is_empty() {
            events.push(text(before));
        }
        if address.ends_with("//") {
            events.push(text(&found[..end]));
            rest = &found[end..];
            continue;
        }
        events.extend([link(CowStr::from(address.to_owned())), text(address), Event::End(TagEnd::Link)]);
        rest = &found[address.len()..];
    }
    if !rest.is_empty() {
        events.push(Event::Text(CowStr::from(rest.to_owned())));
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";

    fn html(text: &str) -> String {
        to_html(text).replace(&format!(" {LINK}"), "").replace('\n', "")
    }

    #[test]
    fn what_is_typed_is_set_as_it_is_meant() {
        for (typed, set) in [
            (
                "**Bold**, *light*, ~~gone~~ and `code`",
                "<p><strong>Bold</strong>, <em>light</em>, <del>gone</del> and <code>code</code></p>",
            ),
            ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
            ("3. three\n4. four", "<ol start=\"3\"><li>three</li><li>four</li></ol>"),
            ("> quoted", "<blockquote><p>quoted</p></blockquote>"),
            ("```sh\na < b\n```", "<pre><code>a &lt; b</code></pre>"),
            ("[our shop](https://shop.test/a)", "<p><a href=\"https://shop.test/a\">our shop</a></p>"),
            ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
            (
                "see https://x.test/a?b=1&c=2. (or http://y.test)",
                "<p>see <a href=\"https://x.test/a?b=1&amp;c=2\">https://x.test/a?b=1&amp;c=2</a>. (or <a href=\"http://y.test\">http://y.test</a>)</p>",
            ),
        ] {
            assert_eq!(html(typed), set, "{typed}");
        }
    }

    #[test]
    fn html_in_it_is_words_and_nothing_loads_or_runs() {
        for (typed, set) in [
            ("<b>x</b> <script>y()</script>", "<p>&lt;b&gt;x&lt;/b&gt; &lt;script&gt;y()&lt;/script&gt;</p>"),
            ("<div onclick=x()>\nhi\n</div>", "<p>&lt;div onclick=x()&gt;hi&lt;/div&gt;</p>"),
            ("[x](javascript:alert(1))", "<p><a>x</a></p>"),
            ("![cat](https://t.test/p.gif)", "<p><a href=\"https://t.test/p.gif\">cat</a></p>"),
            ("[x](/logout) <https://z.test/>", "<p><a>x</a> <a href=\"https://z.test/\">https://z.test/</a></p>"),
            ("`https://x.test` https://", "<p><code>https://x.test</code> https://</p>"),
            ("", ""),
        ] {
            assert_eq!(html(typed), set, "{typed}");
        }
    }

    #[test]
    fn what_is_nested_without_end_costs_little() {
        let began = std::time::Instant::now();
        for piece in ["> ", "- ", "[", "*a **b ", "<a ", "`", "![", "\\", "1. "] {
            let clean = to_html(&piece.repeat(10_000));
            assert_eq!(sanitise(&clean).html, clean, "{piece}");
        }
        assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    }
}
