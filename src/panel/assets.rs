//! Stylesheet, script, icons and fonts: in the binary, under their hash, packed once.

use std::{borrow::Cow, collections::BTreeMap, io::Write, sync::LazyLock};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use rust_embed::RustEmbed;

use crate::panel::url::{Path, Query};

#[derive(RustEmbed)]
#[folder = "templates/static/"]
struct Static;

struct Asset {
    content_type: &'static str,
    plain: Cow<'static, [u8]>,
    packed: Option<Vec<u8>>,
}

static ASSETS: LazyLock<BTreeMap<String, Asset>> = LazyLock::new(|| {
    let named = |name: Cow<'static, str>| Some((name.to_string(), asset(&name, Static::get(&name)?.data)));
    Static::iter().filter_map(named).collect()
});

/// Changes when any of the files does: the `v` of every page.
pub(crate) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut all = String::new();
    for file in Static::iter().filter_map(|name| Static::get(&name)) {
        all.push_str(&data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()));
    }
    crate::auth::keys::hashed(&all).chars().take(12).collect()
});

fn asset(name: &str, plain: Cow<'static, [u8]>) -> Asset {
    let content_type = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
    let packed = if content_type == "font/woff2" { None } else { pack(&plain) };
    Asset { content_type, plain, packed }
}

fn pack(plain: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(plain).ok()?;
    packer.finish().ok()
}

#[derive(serde::Deserialize)]
pub(crate) struct Asked {
    v: Option<String>,
}

/// `GET /assets/{*name}`. Under its own hash, or as a font, it never changes.
pub(crate) async fn get(Path(name): Path<String>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let for_ever = asked.v.as_deref() == Some(VERSION.as_str()) || name.starts_with("fonts/");
    let cache = if for_ever { "public, max-age=31536000, immutable" } else { "public, max-age=60" };
    let takes_gzip = headers.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).is_some_and(|it| it.contains("gzip"));
    let common = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept-encoding"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    match &asset.packed {
        Some(packed) if takes_gzip => {
            (common, [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))], packed.as_slice()).into_response()
        }
        Some(_) | None => (common, asset.plain.clone().into_owned()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_every_page_are_there() {
        for name in ["maildesk.css", "maildesk.js", "icons.svg", "favicon.svg", "fonts/desk-latin.woff2"] {
            assert!(ASSETS.contains_key(name), "{name}");
        }
        assert_eq!(VERSION.len(), 12);
    }
}
