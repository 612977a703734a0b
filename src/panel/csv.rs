//! A table as CSV (RFC 4180).

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// A file to be downloaded: one line for the heads, one for each row.
pub fn download(filename: &str, heads: &[&str], rows: &[Vec<String>]) -> Response {
    let disposition = format!("attachment; filename=\"{filename}.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, text(heads, rows)).into_response()
}

fn text(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads = heads.iter().map(|it| cell(it)).collect::<Vec<_>>();
    let rows = rows.iter().map(|row| row.iter().map(|it| cell(it)).collect::<Vec<_>>());
    std::iter::once(heads).chain(rows).map(|cells| cells.join(",") + "\r\n").collect()
}

/// Quoted where it must be. A spreadsheet runs what begins with `= + - @`, a tab or a CR: an apostrophe in front stops that.
fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_runs_nothing() {
        for (given, kept) in [
            ("Ann", "Ann"),
            ("Smith, Ann", "\"Smith, Ann\""),
            ("the \"best\"", "\"the \"\"best\"\"\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
        ] {
            assert_eq!(cell(given), kept, "{given:?}");
        }
        assert_eq!(text(&["a", "b"], &[vec!["1".to_owned(), "2,5".to_owned()]]), "a,b\r\n1,\"2,5\"\r\n");
    }
}
