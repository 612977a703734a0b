//! What a request says: its body, its query and its path, read so that a wrong one is a problem that names the field.

use axum::{
    body::Bytes,
    extract::{self, FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use data_encoding::BASE64;
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::ToSchema;

use crate::{
    actions::{NewFile, once::Once},
    api::{
        Api, LARGEST_FILES,
        bearer::{self, Caller},
        problem::Problem,
    },
    auth::keys::hashed_parts,
    desk::attachment::{content_type, file_name},
};

/// So many files may come with one request.
const MOST_FILES: usize = 50;

/// A body of JSON, and the key under which it is sent once.
#[derive(Clone, Debug)]
pub(super) struct Sent<T> {
    pub body: T,
    /// Of the header `Idempotency-Key`.
    pub once: Option<Once>,
}

impl<T: DeserializeOwned> FromRequest<Api> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, api).await?;
        if !is_json(&parts.headers) {
            return Err(Problem::media_type());
        }
        let asked = format!("{} {}", parts.method, parts.uri.path());
        let key = key(&parts.headers)?;
        let proof = parts.headers.get(header::AUTHORIZATION).cloned();
        let bytes = Bytes::from_request(Request::from_parts(parts, body), api).await.map_err(|error| too_large(&error))?;
        bearer::still(api, proof.as_ref(), &caller).await?;
        let once = key.map(|key| Once { token: caller.token.id, key, request: digest(&asked, &bytes) });
        Ok(Self { body: read(&bytes)?, once })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn too_large(error: &BytesRejection) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large()
    } else {
        Problem::unreadable("the body ended before it was whole; send it again")
    }
}

/// The key of a request that is to be done once: at most 200 characters that can be seen.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const NAME: &str = "Idempotency-Key";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    if !(1..=200).contains(&key.len()) || !key.bytes().all(|it| it.is_ascii_graphic()) {
        return Err(Problem::invalid(NAME, "the key is 1 to 200 letters, digits and signs without spaces, such as a UUID"));
    }
    Ok(Some(key.to_owned()))
}

/// SHA-256 of what is asked.
fn digest(asked: &str, bytes: &[u8]) -> String {
    hashed_parts(&[asked.as_bytes(), b"\n", bytes])
}

/// Reads JSON; what is wrong is told by its field.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde would read the values of a list as fields, in the order in which we happen to write them.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::unreadable("the body is not a JSON object: it begins with {"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => wrong(&path, &inner.to_string()),
            serde_json::error::Category::Io | serde_json::error::Category::Syntax | serde_json::error::Category::Eof => {
                Problem::unreadable(format!("the body is not JSON: {inner}"))
            }
        }
    })?;
    json.end().map_err(|error| Problem::unreadable(format!("the body is not JSON: {error}")))?;
    Ok(read)
}

/// A field that cannot be taken, by its path and the reader’s own words.
fn wrong(path: &str, said: &str) -> Problem {
    let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
    let named = said.split('`').nth(1).unwrap_or_default();
    let (field, why) = if let Some(rest) = said.strip_prefix("unknown field ") {
        let known = rest.split_once(", expected ").map_or("", |(_, known)| known);
        let known = known.trim_start_matches("one of ").replace('`', "");
        let mend = if known.is_empty() || known.starts_with("there are no") { String::new() } else { format!("; known are {known}") };
        (inside(path, named), format!("“{named}” is not known here{mend}"))
    } else if said.starts_with("missing field ") {
        (inside(path, named), format!("“{named}” is missing"))
    } else if said.starts_with("duplicate field ") {
        (inside(path, named), format!("“{named}” is there twice"))
    } else {
        (path.trim_start_matches('.').to_owned(), format!("“{path}” cannot be read: {}", said.replace('`', "")))
    };
    Problem::invalid(&field, why)
}

/// The path of a field of the thing at `path`; some readers give the path of the field already.
fn inside(path: &str, field: &str) -> String {
    match path.trim_start_matches('.') {
        "" | "?" => field.to_owned(),
        whole if whole == field || whole.ends_with(&format!(".{field}")) => whole.to_owned(),
        within => format!("{within}.{field}"),
    }
}

/// What stands behind the question mark; nothing in it that is not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        extract::Query::try_from_uri(&parts.uri).map(|extract::Query(it)| Self(it)).map_err(|error| {
            let source = std::error::Error::source(&error).map_or_else(|| error.body_text(), ToString::to_string);
            let (path, said) = source.split_once(": ").filter(|(path, _)| !path.contains(' ')).unwrap_or(("", &source));
            wrong(path, said)
        })
    }
}

/// The numbers of a path. Where one is no number, or too large a one, there is nothing: 404.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let read = extract::Path::from_request_parts(parts, api).await;
        read.map(|extract::Path(it)| Self(it)).map_err(|_| Problem::missing("thing: its number is none"))
    }
}

/// A file beside a message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileIn {
    /// As it is to be called.
    #[schema(example = "invoice.pdf")]
    name: String,
    /// What it is; octets where nothing is said.
    #[serde(default)]
    #[schema(example = "application/pdf")]
    content_type: String,
    /// Its content as base64 (RFC 4648 §4).
    #[schema(example = "JVBERi0xLjcK")]
    base64: String,
}

/// The files as actions take them: names without path and control characters, plain content types; 25 MB together.
pub(super) fn files(sent: &[FileIn]) -> Result<Vec<NewFile>, Problem> {
    if sent.len() > MOST_FILES {
        return Err(Problem::invalid("files", format!("at most {MOST_FILES} files can be sent at once")));
    }
    let mut files = Vec::with_capacity(sent.len());
    for (n, file) in sent.iter().enumerate() {
        let why = |_| Problem::invalid(&format!("files[{n}].base64"), "this is not base64 (RFC 4648 §4), with its padding");
        let bytes = BASE64.decode(file.base64.as_bytes()).map_err(why)?;
        files.push(NewFile { name: file_name(&file.name), content_type: content_type(&file.content_type), content_id: None, bytes });
    }
    if files.iter().map(|it| it.bytes.len()).sum::<usize>() > LARGEST_FILES {
        return Err(Problem::too_large());
    }
    Ok(files)
}

/// A field that tells “nothing is said” from “nothing”, which `null` says.
pub(super) fn said<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}
