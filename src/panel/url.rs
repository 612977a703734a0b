//! What an address says, read so that a mistyped one is an ordinary page: `axum`'s own refusals are a bare line of plain text.

use axum::{
    extract::{self, FromRequestParts},
    http::{Uri, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::panel::error::PageError;

/// The variable parts of a path. Where one is no number, or too large a one, there is nothing: 404.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let read = extract::Path::from_request_parts(parts, state).await;
        read.map(|extract::Path(it)| Self(it)).map_err(|_| PageError::Missing)
    }
}

/// What stands behind the question mark. What the page does not know or cannot read is as if it were not there; of a name that is
/// given twice, the first counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        Self::of(&parts.uri).ok_or(PageError::Missing)
    }
}

impl<T: DeserializeOwned> Query<T> {
    /// Of an address that did not come as a request. None: it lacks what the page cannot do without.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let query = uri.query().unwrap_or_default();
        read(query).or_else(|| read(&readable::<T>(query))).map(Self)
    }
}

/// As the value of a field behind the question mark.
pub(crate) fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    value.bytes().map(|it| if plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") }).collect()
}

fn read<T: DeserializeOwned>(query: &str) -> Option<T> {
    let uri: Uri = format!("/?{query}").parse().ok()?;
    extract::Query::try_from_uri(&uri).ok().map(|extract::Query(it)| it)
}

/// The pairs that can be read together, from the first on.
fn readable<T: DeserializeOwned>(query: &str) -> String {
    // A page has seven at most.
    query.split('&').take(50).fold(String::new(), |good, pair| {
        let more = if good.is_empty() { pair.to_owned() } else { format!("{good}&{pair}") };
        if read::<T>(&more).is_some() { more } else { good }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Asked {
        q: String,
        all: Option<u8>,
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        let asked = |query: &str| read::<Asked>(&readable::<Asked>(query)).unwrap();
        assert_eq!(asked("all=abc&q=printer"), Asked { q: "printer".to_owned(), all: None });
        assert_eq!(asked("state=zz&all=1&&q=a&q=b&%ff=%"), Asked { q: "a".to_owned(), all: Some(1) });
        assert_eq!(asked("all=999"), Asked::default());
    }
}
