//! Finding tickets by words. The words are folded and separated here, so that both databases find the same.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{
    desk::{
        comment::Visibility,
        id::{CommentId, TicketNumber},
        permission::Scope,
    },
    store::{Conn, Driver, Result, Tx, later::NewWords, on},
};

/// Of one text, so much is indexed; bytes once folded.
const MOST_INDEXED: usize = 200_000;

/// Of one query, so many terms count.
const MOST_TERMS: usize = 12;

/// Indexes what a new comment says, when the transaction ends.
pub fn index_comment(tx: &mut Tx, comment: CommentId, ticket: TicketNumber, audience: Visibility, text: &str) {
    put(tx, 2 * comment.0, ticket, audience, text);
}

/// Comments are found on another ticket from now on; also those whose words are yet to be written.
///
/// # Errors
/// When the database refuses.
pub async fn move_comments(tx: &mut Tx, comments: &[CommentId], to: TicketNumber) -> Result<()> {
    for word in &mut tx.later.words {
        if comments.iter().any(|it| 2 * it.0 == word.row) {
            word.ticket = to.0;
        }
    }
    // Our own integers: nothing to escape, and both databases take them as they are.
    let rows = comments.iter().map(|it| (2 * it.0).to_string()).collect::<Vec<_>>().join(", ");
    let id = tx.pick("rowid", "id");
    let sql = format!("update search set ticket = $1 where {id} in ({rows})");
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(to.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Indexes a new ticket's subject and whose it is, when the transaction ends.
pub fn index_ticket(tx: &mut Tx, ticket: TicketNumber, subject: &str, requester_name: &str, requester_email: &str) {
    put(tx, 2 * ticket.0 + 1, ticket, Visibility::Public, &format!("{subject}\n{requester_name}\n{requester_email}"));
}

/// Takes what a comment says out of the index.
///
/// # Errors
/// When the database refuses.
pub async fn forget_comment(tx: &mut Tx, comment: CommentId) -> Result<()> {
    let sql = tx.pick("delete from search where rowid = $1", "delete from search where id = $1");
    on!(tx, c => sqlx::query(sql).bind(2 * comment.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes a ticket out of the index, for [`index_ticket`] to put it in again.
///
/// # Errors
/// When the database refuses.
pub async fn forget_ticket(tx: &mut Tx, ticket: TicketNumber) -> Result<()> {
    let sql = tx.pick("delete from search where rowid = $1", "delete from search where id = $1");
    on!(tx, c => sqlx::query(sql).bind(2 * ticket.0 + 1).execute(c).await.map(|_| ()))?;
    Ok(())
}

fn put(tx: &mut Tx, row: i64, ticket: TicketNumber, audience: Visibility, text: &str) {
    tx.later.words.push(NewWords { row, words: words(text), ticket: ticket.0, audience: audience.as_str() });
}

/// A text as the words that are looked for: lower case, no accents, one space between two.
#[must_use]
pub fn words(text: &str) -> String {
    let mut words = String::new();
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        if words.len() >= MOST_INDEXED {
            break;
        }
        if !c.is_alphanumeric() {
            separate(&mut words);
        } else if stands_alone(c) {
            separate(&mut words);
            words.push(c);
            words.push(' ');
        } else {
            words.push(c);
        }
    }
    words.truncate(words.trim_end().len());
    words
}

fn separate(words: &mut String) {
    if !words.is_empty() && !words.ends_with(' ') {
        words.push(' ');
    }
}

/// Whether a character is of a script written without spaces: each is a word of its own, and a query is a phrase of them.
#[must_use]
pub fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// What somebody looks for: never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Each is a phrase of one word or more, the last of which may go on.
    terms: Vec<Vec<String>>,
}

impl Query {
    /// Reads what was typed; none when there is no word in it. Every sign is a space: there is no syntax to get wrong.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let terms: Vec<Vec<String>> = typed
            .split_whitespace()
            .map(|term| words(term).split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect::<Vec<_>>())
            .filter(|term| !term.is_empty())
            .take(MOST_TERMS)
            .collect();
        (!terms.is_empty()).then_some(Self { terms })
    }

    /// The words alone, for marking them where they stand.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().flatten().map(String::as_str)
    }

    /// `"two words"* "next"*` (FTS5): the words hold letters and digits alone, so nothing needs escaping.
    fn for_sqlite(&self, last: LastWord) -> String {
        let more = if last == LastWord::MayGoOn { "*" } else { "" };
        self.terms.iter().map(|term| format!("\"{}\"{more}", term.join(" "))).collect::<Vec<_>>().join(" ")
    }

    /// `'two' <-> 'words':* & 'next':*` (tsquery).
    fn for_postgres(&self, last: LastWord) -> String {
        let more = if last == LastWord::MayGoOn { ":*" } else { "" };
        let term = |term: &Vec<String>| format!("{}{more}", term.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(" <-> "));
        self.terms.iter().map(term).collect::<Vec<_>>().join(" & ")
    }
}

/// How the last word of each term is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastWord {
    /// As it stands.
    IsWhole,
    /// As the start of a word.
    MayGoOn,
}

/// A ticket that was found, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The ticket.
    pub ticket: TicketNumber,
    /// The comment that says it; none: its subject or requester.
    pub comment: Option<CommentId>,
}

/// The tickets within the scope that say it, the latest said first, each once. The start of a word is looked for only where
/// whole words do not fill the list: every row with any of the words that begin so would have to be gathered before the first.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Conn, query: &Query, scope: Scope, limit: usize) -> Result<Vec<Hit>> {
    let whole = find_as(conn, query, LastWord::IsWhole, scope, limit).await?;
    if whole.len() >= limit { Ok(whole) } else { find_as(conn, query, LastWord::MayGoOn, scope, limit).await }
}

async fn find_as(conn: &mut Conn, query: &Query, last: LastWord, scope: Scope, limit: usize) -> Result<Vec<Hit>> {
    let (within, who) = within(scope);
    let sql = conn.pick(
        "select s.rowid, s.ticket from search s cross join tickets t on t.number = s.ticket where s.words match $1",
        "select s.id, s.ticket from search s join tickets t on t.number = s.ticket where s.vector @@ to_tsquery('simple', $1)",
    );
    let order = conn.pick("s.rowid", "s.id");
    // A ticket that says it in many comments takes as many rows; enough are read to fill a page all the same.
    let sql = format!("{sql} and {within} order by {order} desc limit $3");
    let asked = match conn.driver() {
        Driver::Sqlite(_) => query.for_sqlite(last),
        Driver::Pg(_) => query.for_postgres(last),
    };
    let rows = i64::try_from(limit * 8).unwrap_or(i64::MAX);
    let found: Vec<(i64, i64)> =
        on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(asked).bind(who).bind(rows).fetch_all(c).await)?;
    let mut hits: Vec<Hit> = Vec::new();
    for (row, ticket) in found {
        let comment = (row % 2 == 0).then_some(CommentId(row / 2));
        if !hits.iter().any(|hit| hit.ticket.0 == ticket) {
            hits.push(Hit { ticket: TicketNumber(ticket), comment });
        }
    }
    hits.truncate(limit);
    Ok(hits)
}

/// The scope as a condition; `$2` is the person, and 0 where there is none.
fn within(scope: Scope) -> (&'static str, i64) {
    match scope {
        Scope::All => ("$2 = 0", 0),
        Scope::OwnAndUnassigned(who) => ("(t.assignee = $2 or t.assignee is null)", who.0),
        Scope::Own(who) => ("t.assignee = $2", who.0),
        Scope::TakesPart(who) => (
            "s.audience = 'public' and (t.requester = $2 or exists (select 1 from participants p
                where p.person = $2 and p.ticket = t.number and p.state = 'active'))",
            who.0,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_case_accents_and_signs() {
        for (text, expected) in [
            ("Größe: Çırağan—É", "große cıragan e"),
            ("SK-20471-C, m.okafor@brightfield.example", "sk 20471 c m okafor brightfield example"),
            ("山田 花子さん", "山 田 花 子 さ ん"),
            ("x'); drop table search; -- \"*^", "x drop table search"),
            ("  ", ""),
        ] {
            assert_eq!(words(text), expected);
        }
        assert!(words(&"ä ".repeat(MOST_INDEXED)).len() <= MOST_INDEXED);
    }

    #[test]
    fn a_query_has_no_syntax_and_may_be_nothing() {
        assert_eq!(Query::parse(" \t\"* (-) "), None);
        let query = Query::parse("Invoice OR SK-20471 NEAR(").unwrap();
        assert_eq!(query.for_sqlite(LastWord::MayGoOn), r#""invoice"* "or"* "sk 20471"* "near"*"#);
        assert_eq!(query.for_postgres(LastWord::MayGoOn), "'invoice':* & 'or':* & 'sk' <-> '20471':* & 'near':*");
    }
}
