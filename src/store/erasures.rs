//! Erasing a customer: which rows speak of them, and what is left of these. Figures keep their rows; words, names, addresses and
//! octets go. Rows of `erasures` say that it was done.

use jiff::Timestamp;

use crate::{
    desk::{
        erasure::{Counts, ERASED, Erasure, MASK, NAME, address_of, masked},
        id::{CommentId, DeliveryId, PersonId, TicketNumber},
        person::Person,
    },
    store::{Conn, Result, Tx, addresses, at, blobs::NO_OCTETS, ms, on, search},
};

mod sweep;

/// What speaks of a customer.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Tickets that are theirs.
    pub tickets: Vec<i64>,
    /// Comments that they wrote anywhere, and that staff and machines wrote on their tickets.
    pub comments: Vec<i64>,
    /// Rows of the ledger: mail from them, mail that gave such a comment, reports about mail to them.
    pub messages: Vec<i64>,
    /// Rows of the outbox: mail to them, and mail that may have their words or name.
    pub outgoing: Vec<i64>,
}

impl Found {
    /// How much that is, with these copies to be called off and these attachments.
    #[must_use]
    pub fn counts(&self, called_off: usize, files: usize) -> Counts {
        let (tickets, comments, messages, outgoing) = (self.tickets.len(), self.comments.len(), self.messages.len(), self.outgoing.len());
        Counts { tickets, comments, messages, outgoing, called_off, files }
    }
}

/// A copy of such a mail that is still to leave.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StillToLeave {
    /// Its row.
    pub id: i64,
    /// Where it goes.
    pub address: String,
    /// Until when a sender has it in hand.
    pub lease_until: Option<i64>,
    /// `admin`, `helper` or `customer`; none: nobody whom the desk knows.
    pub role: Option<String>,
    /// About which ticket.
    pub ticket: Option<i64>,
}

/// Our own integers: nothing to escape, and both databases take them as they are.
fn listed(ids: &[i64]) -> String {
    if ids.is_empty() { "-1".to_owned() } else { ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ") }
}

fn anywhere(text: &str) -> String {
    format!("%{}%", text.to_lowercase().replace('!', "!!").replace('_', "!_").replace('%', "!%"))
}

/// Everything that speaks of `who`.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Conn, who: &Person) -> Result<Found> {
    let (id, email, like) = (who.id.0, who.email.folded(), anywhere(&who.email.folded()));
    let former = "select f.address from former_addresses f where f.person = $1";
    let named_in = |text: &str| {
        let names = conn.pick("instr", "strpos");
        format!("exists (select 1 from former_addresses f where f.person = $1 and {names}(lower({text}), f.address) > 0)")
    };
    let (in_body, in_trace) = (named_in("c.body"), named_in("m.trace"));
    let own = "(select number from tickets where requester = $1)";
    let tickets = ids(conn, "select number from tickets where requester = $1 order by 1".to_owned(), id, None, None).await?;
    let sql = format!(
        "select c.id from comments c where c.author = $1 or (c.ticket in {own} and (c.origin <> 'customer' or c.author is null))
            or (c.origin = 'machine' and (lower(c.body) like $2 escape '!' or {in_body})) order by 1"
    );
    let comments = ids(conn, sql, id, Some(&like), None).await?;
    let sql = format!(
        "select m.id from messages m where m.sender = $3
            or exists (select 1 from former_addresses f where f.person = $1 and f.address = m.sender and m.received_at <= f.until) or m.id in (select c.message from comments c where c.id in ({}))
            or (m.ticket in {own} and not exists (select 1 from people p where p.email = m.sender and p.role = 'customer' and p.id <> $1))
            or (m.decision = 'record-bounce' and (lower(m.trace) like $2 escape '!' or {in_trace})) order by 1",
        listed(&comments)
    );
    let messages = ids(conn, sql, id, Some(&like), Some(&email)).await?;
    // Since they are on a ticket of somebody else, whatever leaves about it may name or quote them.
    let sql = format!(
        "select o.id from outbox o where o.ticket in {own} or o.comment in ({})
            or exists (select 1 from deliveries d where d.outbox = o.id and (d.person = $1 or d.address = $2 or (d.person is null and d.address in ({former}))))
            or exists (select 1 from participants p where p.person = $1 and p.ticket = o.ticket and p.added_at <= o.created_at)
            or exists (select 1 from comments c where c.author = $1 and c.ticket = o.ticket and c.created_at <= o.created_at) order by 1",
        listed(&comments)
    );
    let outgoing = ids(conn, sql, id, Some(&email), None).await?;
    Ok(Found { tickets, comments, messages, outgoing })
}

async fn ids(conn: &mut Conn, sql: String, id: i64, two: Option<&str>, three: Option<&str>) -> Result<Vec<i64>> {
    let sql = sqlx::AssertSqlSafe(sql);
    Ok(on!(conn, c => {
        let mut query = sqlx::query_scalar(sql).bind(id);
        for it in [two, three].into_iter().flatten() {
            query = query.bind(it.to_owned());
        }
        query.fetch_all(c).await
    })?)
}

async fn run(tx: &mut Tx, sql: String) -> Result<u64> {
    let sql = sqlx::AssertSqlSafe(sql);
    Ok(on!(tx, c => sqlx::query(sql).execute(c).await.map(|it| it.rows_affected()))?)
}

/// How many messages wait for their decision: nobody knows yet whose they are.
///
/// # Errors
/// When the database refuses.
pub async fn undecided(conn: &mut Conn) -> Result<i64> {
    Ok(on!(conn, c => sqlx::query_scalar("select count(*) from messages where state = 'stored'").fetch_one(c).await)?)
}

/// The copies of these mails that are still to leave; locked until the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn still_to_leave(tx: &mut Tx, found: &Found) -> Result<Vec<StillToLeave>> {
    let lock = tx.pick("", " for update of d");
    let sql = format!(
        "select d.id, d.address, d.lease_until, (select p.role from people p where p.id = d.person) as role, o.ticket
        from deliveries d join outbox o on o.id = d.outbox where d.state in ('waiting', 'delayed', 'unknown') and o.id in ({}) order by d.id{lock}",
        listed(&found.outgoing)
    );
    Ok(on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(c).await)?)
}

/// How many attachments such comments have.
///
/// # Errors
/// When the database refuses.
pub async fn files_of(conn: &mut Conn, found: &Found) -> Result<usize> {
    let sql = format!("select count(*) from attachments where comment in ({})", listed(&found.comments));
    let n: i64 = on!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(c).await)?;
    Ok(usize::try_from(n).unwrap_or(0))
}

/// Calls a copy off.
///
/// # Errors
/// When the database refuses.
pub async fn call_off(tx: &mut Tx, id: DeliveryId, now: Timestamp) -> Result<()> {
    let sql = "update deliveries set state = 'cancelled', words = $2, settled_at = $3, lease_owner = null, lease_until = null, held_back = null where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ERASED).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes everything personal out of the rows of `who`. The contents that lie in files are named by the row of `erasures`, for
/// [`crate::store::Store::sweep`] to remove once this is committed.
///
/// # Errors
/// When the database refuses.
pub async fn erase(tx: &mut Tx, who: &Person, found: &Found, by: Option<PersonId>, called_off: usize, now: Timestamp) -> Result<Counts> {
    // What this transaction frees is overwritten; nothing on PostgreSQL, which has no such switch.
    sweep::overwrite_what_is_freed(tx).await?;
    let touched = touched(tx, found).await?;
    let counts = found.counts(called_off, comments(tx, found).await?);
    messages(tx, found, by, now).await?;
    outgoing(tx, who, found, now).await?;
    tickets(tx, who, found, &touched).await?;
    let former = addresses::former(tx, who.id).await?;
    account(tx, who, by, now).await?;
    mask(tx, who, &former).await?;
    reindex(tx, found).await?;
    let files = sweep::forget_contents(tx).await?;
    let files = serde_json::to_string(&files).unwrap_or_default();
    let sql = "insert into erasures (person, erased_by, erased_at, tickets, comments, messages, outgoing, called_off, files, unswept)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let n = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(sql)
        .bind(who.id.0).bind(by.map(|it| it.0)).bind(ms(now)).bind(n(counts.tickets)).bind(n(counts.comments)).bind(n(counts.messages))
        .bind(n(counts.outgoing)).bind(n(counts.called_off)).bind(n(counts.files)).bind(files).execute(c).await.map(|_| ()))?;
    tx.later.decided = true;
    Ok(counts)
}

/// The tickets that have such a comment.
async fn touched(tx: &mut Tx, found: &Found) -> Result<Vec<TicketNumber>> {
    let sql = format!("select distinct ticket from comments where id in ({}) order by 1", listed(&found.comments));
    let mut all: Vec<i64> = on!(tx, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(c).await)?;
    all.extend(&found.tickets);
    all.sort_unstable();
    all.dedup();
    Ok(all.into_iter().map(TicketNumber).collect())
}

/// How many attachments went.
async fn comments(tx: &mut Tx, found: &Found) -> Result<usize> {
    let all = listed(&found.comments);
    run(
        tx,
        format!("update comments set body = '{MASK}', quoted = '', signature = '', html = null, remote_images = 0 where id in ({all})"),
    )
    .await?;
    run(tx, format!("update moves set message_id = null where comment in ({all})")).await?;
    // What a re-reading changed is told in its own words; those of a comment that stays, stay.
    run(tx, format!("update events set new = '{MASK}' where kind = 'read-again' and comment in ({all})")).await?;
    // A draft on their ticket speaks to them, and may quote them.
    let drafts = format!("select id from drafts where ticket in ({})", listed(&found.tickets));
    run(tx, format!("delete from draft_files where draft in ({drafts})")).await?;
    run(tx, format!("delete from drafts where ticket in ({})", listed(&found.tickets))).await?;
    let gone = run(tx, format!("delete from attachments where comment in ({all})")).await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

/// The row stays as what it was met as: its content key and where it lies on a server, so that it is never taken in again.
async fn messages(tx: &mut Tx, found: &Found, by: Option<PersonId>, now: Timestamp) -> Result<()> {
    let all = listed(&found.messages);
    run(
        tx,
        format!(
            "update messages set sha256 = '{NO_OCTETS}', size = 0, message_id = null, sender = null, sender_name = null, subject = '{MASK}', reason = '{ERASED}',
            trace = '[{{\"question\":\"Erased\",\"found\":\"{ERASED}\",\"decides\":true}}]', authenticity = null, authenticity_why = null, encrypted = null,
            warnings = null, held_rule = null, excerpt = case when held is null then null else '' end, files = case when held is null then null else '[]' end
            where id in ({all})"
        ),
    )
    .await?;
    let sql = format!("update messages set held = 'discarded', held_by = $1, held_done_at = $2 where held = 'waiting' and id in ({all})");
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(by.map(|it| it.0)).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

async fn outgoing(tx: &mut Tx, who: &Person, found: &Found, now: Timestamp) -> Result<()> {
    let all = listed(&found.outgoing);
    run(tx, format!("update outbox set sha256 = '{NO_OCTETS}', subject = '{MASK}' where id in ({all})")).await?;
    // Nothing more can be done about those that did not arrive.
    let sql = format!(
        "update deliveries set set_aside_at = coalesce(set_aside_at, $1), words = case when words is null then null else '{MASK}' end
        where state in ('refused', 'bounced') and outbox in ({all})"
    );
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ms(now)).execute(c).await.map(|_| ()))?;
    let (address, domain) = address_of(who.id);
    let sql = "update deliveries set address = $3, domain = $4, words = case when words is null then null else $5 end where person = $1 or address = $2
        or (person is null and address in (select f.address from former_addresses f where f.person = $1))";
    on!(tx, c => sqlx::query(sql)
        .bind(who.id.0).bind(who.email.folded()).bind(&address).bind(domain).bind(MASK).execute(c).await.map(|_| ()))?;
    Ok(())
}

async fn tickets(tx: &mut Tx, who: &Person, found: &Found, touched: &[TicketNumber]) -> Result<()> {
    let own = listed(&found.tickets);
    run(tx, format!("update tickets set subject = '{MASK}', opened_message = null where number in ({own})")).await?;
    run(
        tx,
        format!(
            "update events set old = case when old is null then null else '{MASK}' end, new = case when new is null then null else '{MASK}' end
            where kind in ('subject', 'read-again', 'bounced', 'sent-elsewhere') and ticket in ({own})"
        ),
    )
    .await?;
    run(tx, format!("delete from digest_lines where ticket in ({own})")).await?;
    run(tx, format!("update ratings set comment = '' where ticket in ({own}) or person = {}", who.id.0)).await?;
    let sql = format!("delete from participants where person = $1 and ticket not in ({own})");
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(who.id.0).execute(c).await.map(|_| ()))?;
    let sql = "update tickets set version = version + 1, snippet = $2, has_files = case when exists (
            select 1 from attachments a join comments c on c.id = a.comment where c.ticket = $1) then 1 else 0 end where number = $1";
    for number in touched {
        let last = super::comments::last_public(tx, *number, CommentId(i64::MAX)).await?;
        let words: String = last.map(|it| it.text.as_str().split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default();
        let snippet: String = words.chars().take(160).collect();
        on!(tx, c => sqlx::query(sql).bind(number.0).bind(snippet).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// The person keeps a row, so that what they did is still counted; nobody can be found by it.
async fn account(tx: &mut Tx, who: &Person, by: Option<PersonId>, now: Timestamp) -> Result<()> {
    for table in ["sessions", "links", "authenticators", "recovery_codes", "digest_lines", "api_tokens"] {
        let sql = sqlx::AssertSqlSafe(format!("delete from {table} where person = $1"));
        on!(tx, c => sqlx::query(sql).bind(who.id.0).execute(c).await.map(|_| ()))?;
    }
    let (address, _) = address_of(who.id);
    let sql = "update people set state = 'disabled', name = $2, email = $3, password_hash = null, session_epoch = session_epoch + 1, seen_at = null, time_zone = null where id = $1";
    on!(tx, c => sqlx::query(sql).bind(who.id.0).bind(NAME).bind(&address).execute(c).await.map(|_| ()))?;
    tx.people_changed();
    // What is said about an address that somebody else has by now is about them.
    let sql =
        "update sender_rules set pattern = $2, note = '', removed_at = coalesce(removed_at, $3), removed_by = coalesce(removed_by, $4)
        where pattern = $1 or pattern in (select f.address from former_addresses f where f.person = $5
            and not exists (select 1 from people p where p.email = f.address))";
    on!(tx, c => sqlx::query(sql)
        .bind(who.email.folded()).bind(&address).bind(ms(now)).bind(by.map(|it| it.0)).bind(who.id.0).execute(c).await.map(|_| ()))?;
    let sql = "delete from former_addresses where person = $1";
    on!(tx, c => sqlx::query(sql).bind(who.id.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Where the desk itself wrote their address or name down beside something that stays.
const WRITTEN_DOWN: [(&str, &str); 15] = [
    ("messages", "trace"),
    ("messages", "reason"),
    ("messages", "authenticity_why"),
    ("events", "old"),
    ("events", "new"),
    ("deliveries", "words"),
    ("sender_rules", "note"),
    ("drafts", "cc"),
    ("digest_lines", "says"),
    ("troubles", "says"),
    ("troubles", "mend"),
    ("audit", "name"),
    ("audit", "about"),
    ("audit", "old"),
    ("audit", "new"),
];

async fn mask(tx: &mut Tx, who: &Person, former: &[String]) -> Result<()> {
    let address = who.email.folded();
    let words = [address.as_str(), who.name.as_str()].into_iter().chain(former.iter().map(String::as_str));
    let words: Vec<&str> = words.filter(|it| it.contains(['@', ' '])).collect();
    for (table, column) in WRITTEN_DOWN {
        for word in &words {
            let sql = format!("select id, {column} from {table} where lower({column}) like $1 escape '!'");
            let rows: Vec<(i64, String)> = on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(anywhere(word)).fetch_all(c).await)?;
            for (id, text) in rows {
                let sql = format!("update {table} set {column} = $2 where id = $1");
                let text = masked(&text, word);
                on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(text).execute(c).await.map(|_| ()))?;
            }
        }
    }
    Ok(())
}

/// What the search knows is made from the rows as they are now.
async fn reindex(tx: &mut Tx, found: &Found) -> Result<()> {
    found.comments.iter().for_each(|it| search::comment_changed(tx, CommentId(*it)));
    // What others wrote is found by whom it was sent to.
    for id in &found.outgoing {
        let sql = "select comment from outbox where id = $1 and comment is not null";
        let sent: Option<i64> = on!(tx, c => sqlx::query_scalar(sql).bind(*id).fetch_optional(c).await)?;
        sent.into_iter().for_each(|it| search::comment_changed(tx, CommentId(it)));
    }
    for number in &found.tickets {
        search::ticket_changed(tx, TicketNumber(*number)).await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    erased_at: i64,
    by_name: Option<String>,
    tickets: i64,
    comments: i64,
    messages: i64,
    outgoing: i64,
    called_off: i64,
    files: i64,
}

/// That somebody was erased; none: they were not.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, who: PersonId) -> Result<Option<Erasure>> {
    let sql = "select e.erased_at, p.name as by_name, e.tickets, e.comments, e.messages, e.outgoing, e.called_off, e.files
        from erasures e left join people p on p.id = e.erased_by where e.person = $1";
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(who.0).fetch_optional(c).await)?;
    let n = |it: i64| usize::try_from(it).unwrap_or(0);
    Ok(row.map(|it| Erasure {
        at: at(it.erased_at),
        by: it.by_name,
        counts: Counts {
            tickets: n(it.tickets),
            comments: n(it.comments),
            messages: n(it.messages),
            outgoing: n(it.outgoing),
            called_off: n(it.called_off),
            files: n(it.files),
        },
    }))
}
