//! The best of what was found first. Both databases' own ranks need every row that says it; this one needs the candidates alone, and
//! is the same on both.

use std::{
    collections::{BTreeMap, HashMap},
    iter,
    ops::Range,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Asked, Found, Hit,
    fold::{Fit, Stems, Token, each, words},
    index::listed,
};
use crate::{
    desk::query::{Said, Sense},
    store::{Conn, Result, at, on},
};

/// Of a text, so many characters count: what somebody says at length, they say at the beginning.
const READ: &str = "2000";

/// What is looked for, as its words: each of a text is compared with them once, however many texts have it.
struct Query {
    /// Those of all terms, in the order in which they were typed.
    tokens: Vec<Token>,
    /// Which of them make up each term.
    terms: Vec<Range<usize>>,
    stems: Stems,
    /// Where the worth of a word that was met stands in `worths`.
    met: HashMap<String, usize>,
    /// How well a word fits each token; the first is of all words that fit none.
    worths: Vec<Vec<f64>>,
}

/// Where a word can stand; of each word there its place in `Query::worths`.
#[derive(Clone, Debug, Default)]
struct Texts {
    subject: Vec<usize>,
    people: Vec<usize>,
    files: Vec<usize>,
    body: Vec<usize>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    subject: String,
    requester: String,
    author: Option<String>,
    body: String,
    files: Option<String>,
    created_at: i64,
}

/// Sorts what was found by how well it fits; each ticket once, by its best comment.
pub(super) async fn sort(conn: &mut Conn, asked: &Asked<'_>, found: Found) -> Result<Found> {
    let said = asked.meaning.said.iter().filter(|it| it.0 == Sense::With);
    let mut query = Query::new(said.filter_map(|it| looked_for(&it.1)));
    let ids: Vec<i64> = found.hits.iter().map(|it| it.comment.0).collect();
    let mut scores: BTreeMap<i64, f64> = BTreeMap::new();
    for some in ids.chunks(500) {
        for row in rows(conn, some).await? {
            let (id, said_at) = (row.id, at(row.created_at));
            let texts = query.texts(&row);
            scores.insert(id, query.score(&texts) + freshness(said_at, asked.now));
        }
    }
    let worth = |hit: &Hit| scores.get(&hit.comment.0).copied().unwrap_or_default();
    let mut best: BTreeMap<i64, Hit> = BTreeMap::new();
    for hit in &found.hits {
        let known = best.entry(hit.ticket.0).or_insert(*hit);
        if worth(hit) > worth(known) {
            *known = *hit;
        }
    }
    let mut hits: Vec<Hit> = best.into_values().collect();
    hits.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(b.comment.cmp(&a.comment)));
    Ok(Found { hits, extent: found.extent })
}

/// The words of what is looked for; where a word must stand says nothing about how well it fits there.
fn looked_for(said: &Said) -> Option<Vec<Token>> {
    match said {
        Said::Words(text) | Said::From(text) | Said::To(text) | Said::Subject(text) | Said::File(text) => Some(Token::all(text)),
        Said::HasFile => None,
    }
}

async fn rows(conn: &mut Conn, comments: &[i64]) -> Result<Vec<Row>> {
    if comments.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select c.id, t.subject, r.name as requester, a.name as author, substr(c.body, 1, {READ}) as body, c.created_at,
            (select string_agg(f.filename, ' / ') from attachments f where f.comment = c.id) as files
        from comments c join tickets t on t.number = c.ticket join people r on r.id = t.requester left join people a on a.id = c.author
        where c.id in ({})",
        listed(comments)
    );
    Ok(on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).persistent(false).fetch_all(c).await)?)
}

impl Query {
    fn new(terms: impl Iterator<Item = Vec<Token>>) -> Self {
        let (mut tokens, mut ranges) = (Vec::new(), Vec::new());
        for term in terms {
            let first = tokens.len();
            tokens.extend(term);
            ranges.push(first..tokens.len());
        }
        let worths = vec![vec![0.0; tokens.len()]];
        Self { tokens, terms: ranges, stems: Stems::default(), met: HashMap::new(), worths }
    }

    fn texts(&mut self, row: &Row) -> Texts {
        Texts {
            subject: self.read(&row.subject),
            people: self.read(&format!("{} {}", row.requester, row.author.as_deref().unwrap_or_default())),
            files: self.read(row.files.as_deref().unwrap_or_default()),
            body: self.read(&row.body),
        }
    }

    fn read(&mut self, text: &str) -> Vec<usize> {
        each(&words(text)).map(|word| self.place(word)).collect()
    }

    fn place(&mut self, word: &str) -> usize {
        if let Some(place) = self.met.get(word) {
            return *place;
        }
        let worths: Vec<f64> = self.tokens.iter().map(|it| worth(it.fits(word, &self.stems))).collect();
        let place = if worths.iter().all(|it| *it == 0.0) { 0 } else { self.worths.len() };
        if place > 0 {
            self.worths.push(worths);
        }
        self.met.insert(word.to_owned(), place);
        place
    }

    /// How well texts fit: a subject says what a ticket is about, a name is what somebody remembers, a text may mention anything.
    fn score(&self, texts: &Texts) -> f64 {
        let mut all = 0.0;
        for term in &self.terms {
            for (words, worth) in [(&texts.subject, 8.0), (&texts.people, 5.0), (&texts.files, 5.0), (&texts.body, 2.0)] {
                all += worth * self.stands(term, words);
            }
        }
        // Words of a query that stand side by side as they were typed.
        if self.terms.len() > 1 {
            for (words, worth) in [(&texts.subject, 8.0), (&texts.body, 4.0)] {
                all += worth * self.stands(&(0..self.tokens.len()), words).min(1.0);
            }
        }
        all
    }

    /// How often and how exactly these tokens stand there one after the other: 1 for once as typed, at most 2.
    fn stands(&self, tokens: &Range<usize>, words: &[usize]) -> f64 {
        let (mut times, mut best): (u32, f64) = (0, 0.0);
        if tokens.is_empty() {
            return 0.0;
        }
        for (at, _) in words.iter().enumerate().filter(|it| *it.1 > 0) {
            let fits = tokens.clone().zip(words[at..].iter().map(Some).chain(iter::repeat(None)));
            let weakest = fits.map(|(token, word)| word.map_or(0.0, |it| self.worths[*it][token])).fold(1.0, f64::min);
            if weakest > 0.0 {
                (times, best) = (times + 1, best.max(weakest));
            }
        }
        if times == 0 { 0.0 } else { best * (1.0 + f64::from((times - 1).min(4)) * 0.25) }
    }
}

fn worth(fit: Fit) -> f64 {
    match fit {
        Fit::Not => 0.0,
        Fit::Begins => 0.5,
        Fit::Stem => 0.9,
        Fit::Same => 1.0,
    }
}

/// Of two that fit as well, what was said lately: 2 for now, 1 after a quarter.
fn freshness(said_at: Timestamp, now: Timestamp) -> f64 {
    let age = now.duration_since(said_at).max(SignedDuration::ZERO).as_secs_f64() / 86_400.0;
    2.0 / (1.0 + age / 90.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_about_comes_before_what_it_mentions() {
        let mut query = Query::new(["return", "label"].iter().map(|it| Token::all(it)));
        let mut score = |subject: &str, body: &str| {
            let texts = Texts { subject: query.read(subject), body: query.read(body), ..Texts::default() };
            query.score(&texts)
        };
        let sorted = [
            score("Return label missing", "Where is it?"),
            score("Label for a return", "Where is it?"),
            score("Question", "Where is the return label?"),
            score("Question", "I return it, but the label is gone."),
            score("Question", "Labelled; returned."),
            score("Question", "Nothing."),
        ];
        assert!(sorted.windows(2).all(|it| it[0] > it[1]), "{sorted:?}");
        assert_eq!(sorted[5], 0.0);
    }
}
