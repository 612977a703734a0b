//! A mail's own HTML, as a document in a frame: sanitised, and under a policy that would hold if it were not.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};

use crate::{
    actions::{ActionError, read_again::read_again},
    desk::{
        id::{CommentId, TicketNumber},
        link,
        message::REMOTE_PICTURE,
    },
    panel::{Panel, assets, error::PageError, form::Fields, highlight::escape_into, ticket, url::Path, visitor::Staff, visitor::Visitor},
    store::{
        StoreError,
        conversation::{self, File},
    },
};

/// Whether pictures that lie elsewhere are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// Those that came with the mail.
    Own,
    /// All, since the reader has asked for them, and over TLS alone.
    All,
}

/// Nothing runs, nothing loads but our one style sheet and pictures from our own address, no form is sent, nothing is framed.
/// `allow-same-origin` is for the pictures, which need the reader's cookie, and for the page to see how high the sheet is: with
/// no script in it there is nobody to use it. A link opens a window of its own that owes nothing to this one.
const OWN: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
);

/// The same, and pictures from anywhere.
const ALL: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self' https:; style-src 'self'; style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
);

/// `GET /tickets/{number}/messages/{id}/html`.
pub(super) async fn show(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
) -> Result<Response, PageError> {
    view(&panel, &visitor, TicketNumber(number), CommentId(id), Pictures::Own).await
}

/// `POST /tickets/{number}/messages/{id}/html`: with remote pictures, this time. A form, so that no link in a mail can ask for it.
pub(super) async fn show_with_pictures(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&[])?;
    view(&panel, &visitor, TicketNumber(number), CommentId(id), Pictures::All).await
}

async fn view(panel: &Panel, visitor: &Visitor, number: TicketNumber, id: CommentId, pictures: Pictures) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    ticket::enter(panel, visitor, &mut conn, number).await?;
    let (_, _, mut html) = conversation::html(&mut conn, id).await?.filter(|(on, _, _)| *on == number).ok_or(PageError::Missing)?;
    let files = conversation::files(&mut conn, number, id).await?.remove(&id).unwrap_or_default();
    let raw = conversation::raw_mail(&mut conn, id).await?;
    drop(conn);
    // What was taken in before addresses were kept has them in its octets alone.
    if pictures == Pictures::All
        && !html.contains(REMOTE_PICTURE)
        && let Some(raw) = raw
    {
        html = match read_again(&panel.desk, &raw.sha256).await {
            // Without them, what was kept is shown as it is.
            Err(ActionError::Store(StoreError::Expired)) => html,
            read => read?.html.unwrap_or(html),
        };
    }
    Ok(document(&drawn(&html, &files, "/attachments", pictures), pictures))
}

/// HTML as the document that a frame shows, with its policy. What it is given is not looked at.
#[must_use]
pub fn document(html: &str, pictures: Pictures) -> Response {
    let version = assets::VERSION.as_str();
    let page = format!(
        "<!doctype html>\n<html lang=\"\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Message</title><link rel=\"stylesheet\" href=\"/assets/mail.css?v={version}\"></head>\n<body dir=\"auto\">{html}</body></html>\n"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, if pictures == Pictures::All { ALL } else { OWN }),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("x-dns-prefetch-control"), HeaderValue::from_static("off")),
    ];
    (headers, Html(page)).into_response()
}

/// Sanitised HTML as a reader sees it: pictures of the mail from where this viewer's files are served (`folder`:
/// `/attachments`), remote ones or none, and beside a link that names another host than it leads to the one it leads to.
#[must_use]
pub fn drawn(html: &str, files: &[File], folder: &str, pictures: Pictures) -> String {
    let mut out = String::with_capacity(html.len() + 256);
    let mut link: Option<(String, String)> = None;
    let mut rest = html;
    while !rest.is_empty() {
        let (text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        out.push_str(text);
        if let Some((_, said)) = &mut link {
            said.push_str(text);
        }
        let (tag, after) = after.split_at(after.find('>').map_or(after.len(), |at| at + 1));
        if tag.starts_with("<img") {
            let inside = link.as_ref().map_or(Inside::Text, |_| Inside::Link);
            out.push_str(&picture(tag, files, folder, pictures, inside));
        } else {
            out.push_str(tag);
        }
        if tag.starts_with("<a ") {
            link = attribute(tag, "href").map(|it| (it.replace("&amp;", "&"), String::new()));
        } else if tag == "</a>"
            && let Some(host) = link.take().and_then(|(address, said)| link::leads_elsewhere(&said.replace("&amp;", "&"), &address))
        {
            out.push_str("<span class=\"host\"> (leads to <bdi>");
            escape_into(&mut out, &host);
            out.push_str("</bdi>)</span>");
        }
        rest = after;
    }
    out
}

/// An attribute as the sanitiser writes it, entities and all.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    after.split('"').next()
}

/// What a picture stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Text,
    /// It may be all that there is to press.
    Link,
}

fn picture(tag: &str, files: &[File], folder: &str, pictures: Pictures, inside: Inside) -> String {
    if let Some(own) = attribute(tag, "src") {
        let shown = own.get(4..).and_then(|id| files.iter().find(|it| it.content_id.as_deref().is_some_and(|own| is_part(own, id))));
        let src = format!(" src=\"{own}\"");
        let alt = attribute(tag, "alt");
        let words = alt.filter(|it| !it.trim().is_empty());
        return match (shown, words) {
            (Some(file), Some(_)) => tag.replacen(&src, &format!(" src=\"{folder}/{}\"", file.id), 1),
            (Some(file), None) => {
                let mut named = format!(" src=\"{folder}/{}\" alt=\"", file.id);
                escape_into(&mut named, &file.filename);
                tag.replacen(&format!(" alt=\"{}\"", alt.unwrap_or_default()), "", 1).replacen(&src, &format!("{named}\""), 1)
            }
            (None, words) => stands_for("picture missing", words),
        };
    }
    let Some(address) = attribute(tag, REMOTE_PICTURE) else { return left_out(tag, inside) };
    let kept = format!(" {REMOTE_PICTURE}=\"{address}\"");
    match (pictures, address.split_once("://")) {
        // Their servers speak TLS by now; a plain request would tell everybody on the way what is read.
        (Pictures::All, Some((_, rest))) => tag.replacen(&kept, &format!(" src=\"https://{rest}\""), 1),
        (Pictures::All | Pictures::Own, _) => left_out(tag, inside),
    }
}

/// In the place of a remote picture; nothing for one that pushes things apart, counts who reads, or is there for looks alone (an
/// empty `alt`).
fn left_out(tag: &str, inside: Inside) -> String {
    match attribute(tag, "alt").map(str::trim) {
        _ if is_speck(tag) => String::new(),
        Some("") if inside == Inside::Text => String::new(),
        words => stands_for("picture left out", words.filter(|it| !it.is_empty())),
    }
}

/// Whether nobody could see anything on it: at most 3 px wide or high.
fn is_speck(tag: &str) -> bool {
    let size = |text: &str| text.trim().trim_end_matches("px").parse::<f32>().is_ok_and(|it| it <= 3.0);
    let styles = attribute(tag, "style").unwrap_or_default().split(';').filter_map(|it| it.split_once(':'));
    let mut styles = styles.filter(|(name, _)| ["width", "height", "max-width"].contains(name));
    ["width", "height"].iter().any(|it| attribute(tag, it).is_some_and(size)) || styles.any(|(_, value)| size(value))
}

/// In the place of a picture, however small that was to be: why it is not here, and what its `alt` says of it.
fn stands_for(why: &str, words: Option<&str>) -> String {
    let words = words.map_or_else(String::new, |it| format!(": {}", it.replace('<', "&lt;")));
    format!("<span class=\"missing\">{why}{words}</span>")
}

/// Whether a part's Content-ID is the one that a `cid:` address names (RFC 2392 §2: percent-encoded).
pub(super) fn is_part(own: &str, address: &str) -> bool {
    let address = address.replace("&amp;", "&");
    let mut decoded = Vec::with_capacity(address.len());
    let mut bytes = address.as_bytes();
    while let [first, rest @ ..] = bytes {
        let hex = rest.get(..2).and_then(|it| std::str::from_utf8(it).ok()).and_then(|it| u8::from_str_radix(it, 16).ok());
        let (byte, rest) = if let (b'%', Some(byte)) = (first, hex) { (byte, &rest[2..]) } else { (*first, rest) };
        decoded.push(byte);
        bytes = rest;
    }
    let own = own.trim_matches(['<', '>']);
    own == address || own.as_bytes() == decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::id::AttachmentId;

    fn file() -> File {
        File {
            id: AttachmentId(7),
            filename: "a.png".to_owned(),
            content_type: "image/png".to_owned(),
            size: 1,
            content_id: Some("pic@x".to_owned()),
        }
    }

    #[test]
    fn pictures_come_from_the_mail_itself_or_not_at_all_until_somebody_asks() {
        let html = "<img src=\"cid:pic%40x\" alt=\"a\"><img src=\"cid:other\"><img data-remote=\"http://t.test/a?b&amp;c\" alt=\"d\">data-remote=\"x\"";
        assert_eq!(
            drawn(html, &[file()], "/attachments", Pictures::Own),
            "<img src=\"/attachments/7\" alt=\"a\"><span class=\"missing\">picture missing</span><span class=\"missing\">picture left out: d</span>data-remote=\"x\""
        );
        assert!(
            drawn(html, &[], "/attachments", Pictures::All).contains("<img src=\"https://t.test/a?b&amp;c\" alt=\"d\">data-remote=\"x\"")
        );
    }

    #[test]
    fn where_a_picture_cannot_be_shown_a_word_stands_for_it() {
        for (img, shown) in [
            ("<img src=\"cid:pic%40x\">", "<img src=\"/attachments/7\" alt=\"a.png\">"),
            ("<img src=\"cid:pic%40x\" alt=\"\" width=\"4\">", "<img src=\"/attachments/7\" alt=\"a.png\" width=\"4\">"),
            ("<img src=\"cid:gone\" alt=\"\" width=\"4\">", "<span class=\"missing\">picture missing</span>"),
            ("<img src=\"cid:gone\" alt=\"A &amp; B\">", "<span class=\"missing\">picture missing: A &amp; B</span>"),
        ] {
            assert_eq!(drawn(img, &[file()], "/attachments", Pictures::Own), shown);
        }
    }

    #[test]
    fn a_remote_picture_leaves_an_empty_frame_nowhere() {
        for (img, shown) in [
            (
                "<img data-remote=\"https://t.test/a\" alt=\"Our shop\" width=\"600\">",
                "<span class=\"missing\">picture left out: Our shop</span>",
            ),
            (
                "<img alt=\"Taken in before addresses were kept\">",
                "<span class=\"missing\">picture left out: Taken in before addresses were kept</span>",
            ),
            ("<img data-remote=\"https://t.test/a\" alt=\" \" width=\"600\">", ""),
            ("<img data-remote=\"https://t.test/a\">", "<span class=\"missing\">picture left out</span>"),
            ("<img data-remote=\"https://t.test/a\" width=\"1\" height=\"1\">", ""),
            ("<img data-remote=\"https://t.test/a\" alt=\"x\" height=\"3\" width=\"100%\">", ""),
            ("<img data-remote=\"https://t.test/a\" style=\"border-width:0;width:1px;height:1px\">", ""),
            (
                "<a href=\"https://t.test/\"><img data-remote=\"https://t.test/a\" alt=\"\"></a>",
                "<a href=\"https://t.test/\"><span class=\"missing\">picture left out</span></a>",
            ),
        ] {
            assert_eq!(drawn(img, &[], "/attachments", Pictures::Own), shown);
        }
    }

    #[test]
    fn a_link_that_names_another_host_is_told_apart() {
        let link = "<a href=\"https://evil.test/\" rel=\"noopener\">https://<b>bank</b>.test</a>, <a href=\"https://x.test\">here</a>";
        let shown = drawn(link, &[], "/attachments", Pictures::Own);
        assert_eq!(shown.matches("leads to").count(), 1);
        assert!(shown.contains("bank</b>.test</a><span class=\"host\"> (leads to <bdi>evil.test</bdi>)</span>, <a"));
    }

    #[test]
    fn the_two_policies_differ_in_pictures_alone() {
        let (own, all) = (OWN.to_str().unwrap().to_owned(), ALL.to_str().unwrap().to_owned());
        assert_eq!(own.replace("img-src 'self';", "img-src 'self' https:;"), all);
        for forbidden in ["allow-scripts", "allow-forms", "allow-top-navigation", "allow-modals", "script-src", "frame-src"] {
            assert!(!own.contains(forbidden), "{forbidden}");
        }
    }
}
