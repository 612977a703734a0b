//! A desk with any number of tickets, written by a few statements of many rows each: what a year of mail leaves behind.
//!
//! Each ticket is as large as any other: three comments, a mail for each of the customer's and one that left for each of the
//! staff's, six lines of history, five tickets a customer. Every queue holds the same share of the tickets however many there
//! are, which is harder than in life: of 100,000 tickets 45,000 are active.

use std::path::Path;

use jiff::Timestamp;
use maildesk::store::{Opener, Store, blobs::ContentHash};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// The admin's row.
pub const ADA: i64 = 1;
/// The row of a helper who sees their own and unassigned tickets.
pub const HAL: i64 = 2;
/// Is said in the last comment of five tickets, however many there are.
pub const RARE: &str = "zirconium";
/// Is said in every comment.
pub const COMMON: &str = "station";

const STAFF: i64 = 10;
const FIRST_CUSTOMER: i64 = 101;
const COMMENTS: i64 = 3;
const YEAR: i64 = 365 * 86_400_000;
const DAY: i64 = 86_400_000;
/// Tickets written in one transaction.
const AT_ONCE: i64 = 4000;

/// Where the database of a data folder lies.
pub fn database(data: &Path) -> std::path::PathBuf {
    data.join("maildesk.db")
}

/// Fills a data folder with a desk of `tickets`, the last of them opened just before `now`.
pub async fn seed(data: &Path, tickets: i64, now: Timestamp) {
    let database = database(data);
    Store::open(&format!("sqlite:{}", database.display()), data, Opener::Daemon).await.unwrap().close().await;
    // Durable it need not be: it is thrown away.
    let options = SqliteConnectOptions::new().filename(&database).journal_mode(SqliteJournalMode::Wal);
    let options = options.synchronous(SqliteSynchronous::Off).foreign_keys(false).pragma("cache_size", "-200000");
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let mut desk = Rows::default();
    people(&mut desk, tickets, now);
    desk.write(&pool).await;
    let mut shares = Shares::default();
    for first in (1..=tickets).step_by(AT_ONCE as usize) {
        let mut rows = Rows::default();
        for number in first..(first + AT_ONCE).min(tickets + 1) {
            ticket(&mut rows, &shares.next(), number, tickets, now.as_millisecond());
        }
        rows.write(&pool).await;
    }
    // The index of the search is made when the store is opened again.
    sqlx::raw_sql("delete from facts where name = 'search/form'; pragma optimize; pragma wal_checkpoint(truncate)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
}

/// Fifty comments on each of the first tickets, in turn by customer and staff.
pub async fn long_conversations(data: &Path, tickets: i64) {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(database(data))).await.unwrap();
    let sql = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 47)
        insert into comments (ticket, visibility, origin, author, via, body, created_at)
        select number, 'public', case when n % 2 = 0 then 'staff' else 'customer' end, case when n % 2 = 0 then 2 else requester end, 'panel', $2,
            updated_at + n from n, tickets where number <= $1 order by number, n";
    sqlx::query(sql).bind(tickets).bind(text(1, 80)).execute(&pool).await.unwrap();
    sqlx::query("update tickets set comments = 50 where number <= $1").bind(tickets).execute(&pool).await.unwrap();
    pool.close().await;
}

/// A database's path for reading single numbers.
pub async fn look(data: &Path) -> SqlitePool {
    SqlitePoolOptions::new().connect_with(SqliteConnectOptions::new().filename(database(data)).read_only(true)).await.unwrap()
}

/// Rows of each table; a statement takes all of them as one list.
#[derive(Default)]
struct Rows(Vec<(&'static str, &'static str, Vec<Value>)>);

impl Rows {
    fn add(&mut self, table: &'static str, columns: &'static str, row: Value) {
        match self.0.iter_mut().find(|(it, of, _)| *it == table && *of == columns) {
            Some((_, _, rows)) => rows.push(row),
            None => self.0.push((table, columns, vec![row])),
        }
    }

    async fn write(self, pool: &SqlitePool) {
        let mut tx = pool.begin().await.unwrap();
        for (table, columns, rows) in self.0 {
            let value = |(at, column): (usize, &str)| match column.trim() {
                "bytes" => format!("cast(value->>{at} as blob)"),
                _ => format!("value->>{at}"),
            };
            let values = columns.split(',').enumerate().map(value).collect::<Vec<_>>().join(", ");
            let sql = format!("insert into {table} ({columns}) select {values} from json_each($1)");
            sqlx::query(AssertSqlSafe(sql)).bind(Value::Array(rows).to_string()).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

fn people(rows: &mut Rows, tickets: i64, now: Timestamp) {
    let now = now.as_millisecond();
    let columns = "id, role, state, name, email, notify_new, notify_own, created_at";
    let mut person = |id: i64, role: &str, name: &str, email: &str| {
        rows.add("people", columns, json!([id, role, "active", name, email, "never", "never", now - YEAR]));
    };
    person(ADA, "admin", "Ada Byron", "ada@desk.test");
    person(HAL, "helper", "Hal Nine", "hal@desk.test");
    for id in HAL + 1..=STAFF {
        person(id, "helper", &format!("Helper {id}"), &format!("helper{id}@desk.test"));
    }
    for n in 0..tickets / 5 {
        person(FIRST_CUSTOMER + n, "customer", &format!("{} {}", word(n * 7), word(n * 13)), &format!("c{n}@home{}.test", n % 97));
    }
    for (id, name) in [(1, "hardware"), (2, "storm")] {
        rows.add("tags", "id, name, folded, made_at", json!([id, name, name, now - YEAR]));
    }
    rows.add("mailboxes", "id, name, address, met_at, uid_validity", json!([1, "support", "support@desk.test", now - YEAR, 1]));
}

/// What sort of ticket comes next: each queue is filled in turn.
#[derive(Default)]
struct Shares {
    all: i64,
    active: i64,
    done: i64,
}

struct Sort {
    status: &'static str,
    turn: &'static str,
    assignee: Option<i64>,
}

impl Shares {
    fn next(&mut self) -> Sort {
        self.all += 1;
        let other = |n: i64| Some(HAL + 1 + n % (STAFF - HAL));
        let of_hundred = self.all * 37 % 100;
        if of_hundred < 45 {
            self.active += 1;
            let n = self.active;
            let assignee = match n % 20 {
                0..8 => None,
                8..13 => Some(ADA),
                13..18 => Some(HAL),
                _ => other(n),
            };
            let status = if assignee.is_some() { "in-progress" } else { "open" };
            return Sort { status, turn: if n / 20 % 2 == 0 { "staff" } else { "customer" }, assignee };
        }
        self.done += 1;
        let assignee = match self.done / 3 % 10 {
            0 => None,
            1..4 => Some(ADA),
            4..9 => Some(HAL),
            _ => other(self.done),
        };
        Sort { status: if of_hundred < 67 { "resolved" } else { "closed" }, turn: "customer", assignee }
    }
}

fn ticket(rows: &mut Rows, sort: &Sort, number: i64, of: i64, now: i64) {
    let opened = now - YEAR + number * (YEAR / (of + 1));
    let since = now - opened;
    let dice = (number * 7919) % 1000;
    let updated = match sort.status {
        "resolved" => now - (5 * DAY).min(since) * dice / 1000,
        "closed" => opened + (20 * DAY).min(since) * (dice + 1) / 1001,
        _ => opened + since * (dice + 1) / 1001,
    };
    let customer = FIRST_CUSTOMER + (number * 31) % (of / 5);
    let helper = sort.assignee.unwrap_or(HAL + 1 + number % (STAFF - HAL));
    let subject = format!("{} {} of {}", word(number), COMMON, word(number * 3));
    // Some twenty of those that nobody has are put off, however many there are.
    let snoozed = (number % (of / 100) == 0 && sort.status == "open").then_some(now + YEAR + number);
    rows.add(
        "tickets",
        "number, mailbox, subject, status, priority, requester, assignee, version, turn, comments, snippet, has_files, opened_at, updated_at, status_at, turn_at, snoozed_until, snoozed_by",
        json!([number, 1, subject, sort.status, 1 + number % 4, customer, sort.assignee, 4, sort.turn, COMMENTS, text(number, 20), number % 3 / 2, opened, updated, updated, updated, snoozed, snoozed.map(|_| HAL)]),
    );
    // The first tag is on every third ticket, the second on one of a thousand.
    for (tag, every) in [(1, 3), (2, 1000)] {
        if number % every == 0 {
            rows.add("ticket_tags", "ticket, tag, added_at", json!([number, tag, opened]));
        }
    }
    rows.add("participants", "ticket, person, state, added_at", json!([number, customer, "active", opened]));
    conversation(rows, sort, [number, of, customer, helper, opened, updated]);
    history(rows, sort, [number, customer, helper, opened, updated]);
    if number % 8 == 0 {
        held(rows, number, opened);
    }
}

fn conversation(rows: &mut Rows, sort: &Sort, [number, of, customer, helper, opened, updated]: [i64; 6]) {
    for n in 0..COMMENTS {
        let id = (number - 1) * COMMENTS + n + 1;
        let at = opened + (updated - opened) * n / (COMMENTS - 1);
        let by_staff = n == 1 || (n == 2 && sort.turn == "customer");
        let mut body = format!("{COMMON} {}", text(id * 11, 60));
        if n == COMMENTS - 1 && number % (of / 5) == 0 {
            body = format!("{body} {RARE}");
        }
        let sha256 = format!("b{id:063x}");
        rows.add("blobs", "sha256, size, packing, bytes, stored_at", json!([sha256, 900, "plain", format!("{body} {body}"), at]));
        let (origin, author, via) = if by_staff { ("staff", helper, "panel") } else { ("customer", customer, "mail") };
        let message = (!by_staff).then_some(id);
        if by_staff {
            let waits = number > of - 60;
            sent(rows, id, number, [customer, helper, at], (&sha256, waits));
        } else {
            let trace = r#"[{"question":"Known already?","found":"no","decides":false},{"question":"An answer to a ticket?","found":"no","decides":true}]"#;
            rows.add(
                "messages",
                "id, content_key, sha256, size, mailbox, message_id, received_at, stored_at, state, decision, reason, trace, decided_at, ticket, sender, sender_name, subject",
                json!([id, format!("k{id}"), sha256, 900, 1, format!("{id}@home.test"), at, at, "decided", "open-ticket", "no", trace, at, number, format!("c{customer}@home.test"), "Customer", "Station"]),
            );
            rows.add("sightings", "mailbox, uid_validity, uid, message, seen_at, filed_at, filing", json!([1, 1, id, id, at, at, "done"]));
        }
        rows.add(
            "comments",
            "id, ticket, visibility, origin, author, via, body, message, created_at",
            json!([id, number, "public", origin, author, via, body, message, at]),
        );
    }
}

/// Of twenty mails one came back; the last sixty of them wait, and are not due while the figures are taken.
fn sent(rows: &mut Rows, comment: i64, number: i64, [customer, helper, at]: [i64; 3], (sha256, waits): (&str, bool)) {
    rows.add(
        "outbox",
        "id, mailbox, kind, ticket, comment, author, message_id, sha256, subject, automatic, created_at",
        json!([
            comment,
            1,
            "reply",
            number,
            comment,
            helper,
            format!("{comment}@desk.test"),
            sha256,
            format!("[#{number}] Station"),
            0,
            at
        ]),
    );
    let address = format!("c{customer}@home.test");
    let (state, next_at, settled_at) = match comment % 20 {
        _ if waits => ("waiting", at + 2 * YEAR, None),
        0 => ("refused", at, Some(at + 2000)),
        _ => ("sent", at, Some(at + 2000)),
    };
    rows.add(
        "deliveries",
        "id, outbox, mailbox, address, domain, person, automatic, state, attempts, next_at, words, first_try_at, settled_at, created_at",
        json!([comment, comment, 1, address, "home.test", customer, 0, state, 1, next_at, "250 ok", at, settled_at, at]),
    );
}

fn history(rows: &mut Rows, sort: &Sort, [number, customer, helper, opened, updated]: [i64; 5]) {
    let first = (number - 1) * COMMENTS + 1;
    let mut say = |at: i64, kind: &str, actor: i64, old: Option<&str>, new: Option<&str>, comment: Option<i64>| {
        rows.add("events", "ticket, at, kind, actor, old, new, comment", json!([number, at, kind, actor, old, new, comment]));
    };
    let middle = opened + (updated - opened) / 2;
    say(opened, "opened", customer, None, Some("mail"), Some(first));
    say(middle - 1, "assigned", helper, None, Some(&helper.to_string()), None);
    say(middle, "replied", helper, None, None, Some(first + 1));
    say(middle, "status", helper, Some("open"), Some("in-progress"), None);
    let (kind, actor) = if sort.turn == "customer" { ("replied", helper) } else { ("commented", customer) };
    say(updated, kind, actor, None, None, Some(first + 2));
    if matches!(sort.status, "resolved" | "closed") {
        say(updated, "status", helper, Some("in-progress"), Some(sort.status), None);
    } else {
        say(updated, "priority", helper, Some("normal"), Some("high"), None);
    }
}

/// One held message; it is read for its page, so that its content is what its hash says.
fn held(rows: &mut Rows, number: i64, at: i64) {
    // Above those of any desk of comments that is seeded.
    let id = 1_000_000_000 + number;
    let raw = format!(
        "From: Somebody <s{number}@list.test>\r\nTo: support@desk.test\r\nSubject: News of {number}\r\nMessage-ID: <h{number}@list.test>\r\nList-Id: <news.list.test>\r\n\r\n{}\r\n",
        text(number, 60)
    );
    let sha256 = ContentHash::of(raw.as_bytes());
    rows.add("blobs", "sha256, size, packing, bytes, stored_at", json!([sha256.as_str(), raw.len(), "plain", raw, at]));
    let trace = r#"[{"question":"A mailing list?","found":"yes","decides":true}]"#;
    rows.add(
        "messages",
        "id, content_key, sha256, size, mailbox, message_id, received_at, stored_at, state, decision, reason, trace, decided_at, sender, sender_name, subject, held",
        json!([id, format!("h{number}"), sha256.as_str(), raw.len(), 1, format!("h{number}@list.test"), at, at, "decided", "hold", "yes", trace, at, format!("s{number}@list.test"), "Somebody", format!("News of {number}"), "waiting"]),
    );
}

/// One of 4,000 words, the first of them far more often than the last.
fn word(n: i64) -> String {
    const PARTS: [&str; 20] = [
        "ka", "lo", "mi", "ter", "sun", "va", "rin", "do", "pel", "ga", "nor", "esk", "tu", "wim", "bra", "zo", "fen", "hil", "jut", "cor",
    ];
    let spread = (n.wrapping_mul(2_654_435_761) >> 7) & 0xffff;
    let n = (spread * spread / 0x10000 * 4000 / 0x10000) as usize;
    format!("{}{}{}", PARTS[n % 20], PARTS[n / 20 % 20], PARTS[n / 400 % 20])
}

pub fn text(seed: i64, words: i64) -> String {
    (0..words).map(|n| word(seed * 61 + n)).collect::<Vec<_>>().join(" ")
}
