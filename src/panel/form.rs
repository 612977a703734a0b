//! The fields of a form that was sent, once its token is checked. Names that a handler does not know are refused.

use axum::{
    RequestExt,
    body::Bytes,
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    http::header,
};
use axum_extra::extract::CookieJar;

use crate::{
    actions::NewFile,
    desk::attachment::{content_type, file_name},
    panel::{Panel, csrf::Tie, error::PageError},
};

/// So many files may come with one form.
const MOST_FILES: usize = 50;

/// So many fields may a form have.
const MOST_FIELDS: usize = 500;

/// A file that came with a form.
#[derive(Clone, Debug)]
pub struct SentFile {
    /// As the browser calls it; cleaned by the action that keeps it.
    pub name: String,
    /// What the browser takes it for.
    pub content_type: String,
    /// The whole of it.
    pub bytes: Vec<u8>,
}

/// A form as it was sent, by whoever has the session that its page was made for.
#[derive(Debug, Default)]
pub struct Fields {
    pairs: Vec<(String, String)>,
    /// Files, empty ones left out.
    pub files: Vec<SentFile>,
}

impl Fields {
    /// The first value of a field, trimmed; empty when it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.text(name).trim()
    }

    /// The first value of a field as it was typed.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.pairs.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// The value where there is one.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|it| !it.is_empty())
    }

    /// Every value of a field that may be repeated.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
    }

    /// The value as a number.
    ///
    /// # Errors
    /// 422 when it is none.
    pub fn number(&self, name: &str) -> Result<i64, PageError> {
        self.get(name).parse().map_err(|_| PageError::Invalid(format!("The field “{name}” is not a number.")))
    }

    /// The files as actions take them: names without path and control characters, plain content types.
    #[must_use]
    pub fn new_files(&self) -> Vec<NewFile> {
        let file = |it: &SentFile| NewFile {
            name: file_name(&it.name),
            content_type: content_type(&it.content_type),
            content_id: None,
            bytes: it.bytes.clone(),
        };
        self.files.iter().map(file).collect()
    }

    /// Refuses a form with other fields than these.
    ///
    /// # Errors
    /// 422 for one that is not known.
    pub fn only(&self, known: &[&str]) -> Result<(), PageError> {
        match self.pairs.iter().find(|(field, _)| !known.contains(&field.as_str())) {
            Some((field, _)) => {
                let field: String = field.chars().take(40).collect();
                Err(PageError::Invalid(format!("The form has a field “{field}” that this page does not know.")))
            }
            None => Ok(()),
        }
    }
}

impl FromRequest<Panel> for Fields {
    type Rejection = PageError;

    async fn from_request(request: Request, panel: &Panel) -> Result<Self, PageError> {
        let tie = Tie::of(panel, request.extensions(), &CookieJar::from_headers(request.headers()));
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        let mut fields = if kind.starts_with("multipart/form-data") {
            with_files(request.extract().await.map_err(|_| PageError::Invalid("The form cannot be read.".to_owned()))?).await?
        } else {
            let bytes: Bytes =
                request.extract().await.map_err(|error: axum::extract::rejection::BytesRejection| too_large(error.status()))?;
            Self { pairs: urlencoded(&bytes), files: Vec::new() }
        };
        if fields.pairs.len() > MOST_FIELDS {
            return Err(PageError::Invalid("The form has too many fields.".to_owned()));
        }
        let token = fields.text("csrf").to_owned();
        if !tie.is_some_and(|tie| tie.accepts(&panel.desk.keys, &token)) {
            return Err(PageError::StaleForm);
        }
        fields.pairs.retain(|(field, _)| field != "csrf");
        Ok(fields)
    }
}

async fn with_files(mut form: Multipart) -> Result<Fields, PageError> {
    let unreadable = |error: MultipartError| too_large(error.status());
    let mut fields = Fields::default();
    while let Some(part) = form.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        let Some(file) = part.file_name().map(str::to_owned) else {
            fields.pairs.push((name, part.text().await.map_err(unreadable)?));
            continue;
        };
        let content_type = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = part.bytes().await.map_err(unreadable)?.to_vec();
        if !file.is_empty() || !bytes.is_empty() {
            fields.files.push(SentFile { name: file, content_type, bytes });
        }
        if fields.files.len() > MOST_FILES || fields.pairs.len() > MOST_FIELDS {
            return Err(PageError::Invalid(format!("At most {MOST_FILES} files can be sent at once.")));
        }
    }
    Ok(fields)
}

fn too_large(status: axum::http::StatusCode) -> PageError {
    if status == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        PageError::TooLarge
    } else {
        PageError::Invalid("The form cannot be read.".to_owned())
    }
}

/// `application/x-www-form-urlencoded` (URL Standard §5.1).
fn urlencoded(body: &[u8]) -> Vec<(String, String)> {
    let pair = |pair: &[u8]| {
        let at = pair.iter().position(|it| *it == b'=').unwrap_or(pair.len());
        (unescape(&pair[..at]), unescape(pair.get(at + 1..).unwrap_or_default()))
    };
    body.split(|it| *it == b'&').filter(|it| !it.is_empty()).map(pair).collect()
}

fn unescape(text: &[u8]) -> String {
    let hex = |at: usize| text.get(at).and_then(|it| char::from(*it).to_digit(16)).and_then(|it| u8::try_from(it).ok());
    let (mut bytes, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        match (text[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                at += 3;
            }
            (b'+', _, _) => {
                bytes.push(b' ');
                at += 1;
            }
            (byte, _, _) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let fields = Fields { pairs: urlencoded(b"t=1&t=2&q=a+b%26c%C3%A4&empty=&bare&=x&bad=%zz%"), files: Vec::new() };
        assert_eq!(fields.all("t").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((fields.get("q"), fields.get("bad"), fields.given("empty")), ("a b&cä", "%zz%", None));
        assert!(fields.only(&["t", "q", "empty", "bare", "", "bad"]).is_ok());
        assert!(fields.only(&["t"]).is_err());
    }
}
