//! The rules, each a question for rows that must not be.

use crate::store::{Conn, courses};

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// In one word, for scripts: stays the same from release to release.
    pub name: &'static str,
    /// What is so where it is broken, in one sentence.
    pub says: &'static str,
    sql: &'static str,
    /// Where PostgreSQL needs another text.
    postgres: Option<&'static str>,
}

impl Rule {
    /// The query that gives a column `place` for each row that breaks it.
    pub(super) fn wrong(&self, conn: &Conn) -> &'static str {
        conn.pick(self.sql, self.postgres.unwrap_or(self.sql))
    }
}

const fn rule(name: &'static str, says: &'static str, sql: &'static str) -> Rule {
    Rule { name, says, sql, postgres: None }
}

/// Every rule: the ledger, what was said, what was sent, the tickets and their history, what is derived from them.
pub const RULES: &[Rule] = &[
    // The ledger (I1 to I4, I6).
    rule(
        "ledger-octets",
        "a message of the ledger has no octets; restore them from a backup",
        "select 'message ' || m.id as place from messages m where not exists (select 1 from blobs b where b.sha256 = m.sha256)",
    ),
    rule(
        "ledger-state",
        "a message of the ledger is neither waiting for its decision nor decided with a reason",
        "select 'message ' || m.id as place from messages m where
            case m.state when 'stored' then m.decision is not null
                when 'decided' then m.decided_at is null or m.trace is null or m.decision is null
                    or m.decision not in ('open-ticket', 'add-comment', 'record-bounce', 'hold', 'ignore')
                else true end",
    ),
    rule(
        "filed-undecided",
        "a message was filed on the server before it was decided",
        "select 'message ' || m.id || ', UID ' || s.uid as place from sightings s join messages m on m.id = s.message
        where (s.filing = 'done' or s.filed_at is not null) and m.state <> 'decided'",
    ),
    rule(
        "one-comment",
        "a message gave more than one comment",
        "select 'message ' || c.message as place from comments c where c.message is not null and c.withdrawn_at is null
        group by c.message, case c.origin when 'staff' then 1 else 0 end having count(*) > 1",
    ),
    rule(
        "decided-and-done",
        "a message was decided to be on a ticket, and nothing of it is there",
        "select 'message ' || m.id as place from messages m where m.decision in ('open-ticket', 'add-comment') and (m.ticket is null or (
            not exists (select 1 from comments c where c.message = m.id and c.withdrawn_at is null)
            and not exists (select 1 from events e where e.ticket = m.ticket and e.at = m.decided_at)))",
    ),
    rule(
        "done-undecided",
        "a message is on a ticket that its row in the ledger does not name",
        "select 'message ' || m.id || ' on #' || c.ticket as place from comments c join messages m on m.id = c.message
        where c.withdrawn_at is null and (m.decision not in ('open-ticket', 'add-comment') or not exists (
            select 1 from comments o where o.message = m.id and o.withdrawn_at is null and o.ticket = m.ticket))",
    ),
    rule(
        "held",
        "a held message is on a ticket, or one that is on none is not to be found among the held",
        "select 'message ' || m.id as place from messages m where case m.decision
            when 'hold' then m.ticket is not null or m.held is null or m.held not in ('waiting', 'discarded')
            else coalesce(m.held, 'released') = 'waiting' end",
    ),
    rule(
        "discarded-on-ticket",
        "a message counts as discarded while its ticket is not marked as spam",
        "select 'message ' || m.id || ' on #' || m.ticket as place from messages m where m.held = 'discarded' and m.decision <> 'hold'
            and coalesce((select e.kind from events e where e.ticket = m.ticket and e.kind in ('spam', 'not-spam') order by e.id desc limit 1), '') <> 'spam'",
    ),
    // What was sent (I5, I7).
    rule(
        "outgoing-octets-kept",
        "an outgoing mail has no octets; restore them from a backup",
        "select 'outgoing mail ' || o.id as place from outbox o where not exists (select 1 from blobs b where b.sha256 = o.sha256)",
    ),
    rule(
        "outgoing-to-nobody",
        "an outgoing mail has no recipient",
        "select 'outgoing mail ' || o.id as place from outbox o where not exists (select 1 from deliveries d where d.outbox = o.id)",
    ),
    rule(
        "delivery-state",
        "a copy is neither waiting nor settled",
        "select 'delivery ' || d.id as place from deliveries d where case
            when d.state in ('waiting', 'delayed', 'unknown') then d.settled_at is not null
            when d.state in ('sent', 'refused', 'bounced', 'cancelled', 'withheld') then d.settled_at is null or d.lease_owner is not null
            else true end",
    ),
    rule(
        "delivery-attempts",
        "a copy counts as sent and was never tried",
        "select 'delivery ' || d.id as place from deliveries d where d.state in ('sent', 'bounced') and d.attempts = 0",
    ),
    rule(
        "withheld-tried",
        "a copy of a mailbox in shadow mode was tried",
        "select 'delivery ' || d.id as place from deliveries d where d.state = 'withheld' and (d.attempts > 0 or d.lease_owner is not null)",
    ),
    rule(
        "in-place-of",
        "a copy was sent in place of one of another mail",
        "select 'delivery ' || d.id as place from deliveries d join deliveries o on o.id = d.instead_of
            where o.outbox <> d.outbox",
    ),
    rule(
        "note-to-customer",
        "a note among staff was owed to a customer",
        "select 'delivery ' || d.id || ' of #' || c.ticket as place from deliveries d join outbox o on o.id = d.outbox
            join comments c on c.id = o.comment left join people p on p.id = d.person
        where c.visibility = 'internal' and coalesce(p.role, 'customer') = 'customer'",
    ),
    rule(
        "withdrawn-waits",
        "a reply that was taken back still waits to be sent",
        "select 'delivery ' || d.id || ' of #' || c.ticket as place from deliveries d join outbox o on o.id = d.outbox
            join comments c on c.id = o.comment where c.withdrawn_at is not null and d.state in ('waiting', 'delayed', 'unknown')",
    ),
    rule(
        "probe-sent",
        "a round-trip probe is waited for and was never in the outbox",
        "select 'probe ' || p.id as place from probes p where not exists (select 1 from outbox o where o.message_id = p.message_id and o.kind = 'probe')",
    ),
    // Whom the mailboxes sign in as.
    rule(
        "token",
        "an access token is kept without the time until which it is good, or the time without the token",
        "select 'the token of mailbox ' || b.name as place from tokens t join mailboxes b on b.id = t.mailbox
        where (t.access_token is null) <> (t.good_until is null) or (t.access_token is null) <> (t.renewed_at is null)
            or (t.error is null) <> (t.failing_since is null)",
    ),
    // The tickets and their history.
    rule(
        "opened-once",
        "a ticket’s history does not begin with its opening",
        "select '#' || t.number as place from tickets t where (select count(*) from events e where e.ticket = t.number and e.kind = 'opened') <> 1",
    ),
    rule(
        "status-in-history",
        "a ticket’s status is not the last of its history",
        "select '#' || t.number as place from tickets t where t.status <> coalesce(
            (select e.new from events e where e.ticket = t.number and e.kind = 'status' order by e.id desc limit 1), t.status)",
    ),
    rule(
        "priority-in-history",
        "a ticket’s priority is not the last of its history",
        "select '#' || t.number as place from tickets t where case t.priority when 1 then 'low' when 2 then 'normal' when 3 then 'high' when 4 then 'urgent' else '' end
            <> coalesce((select e.new from events e where e.ticket = t.number and e.kind = 'priority' order by e.id desc limit 1),
                case t.priority when 1 then 'low' when 2 then 'normal' when 3 then 'high' when 4 then 'urgent' else '?' end)",
    ),
    rule(
        "assignee-in-history",
        "who has a ticket is not whom its history says",
        "select '#' || t.number as place from tickets t where coalesce(cast(t.assignee as text), 'nobody') <> coalesce(
            (select coalesce(e.new, 'nobody') from events e where e.ticket = t.number and e.kind = 'assigned' order by e.id desc limit 1), 'nobody')",
    ),
    rule(
        "tags-in-history",
        "a ticket has a tag that its history does not say, or the other way round",
        "select '#' || x.ticket || ', tag ' || x.tag as place from (
            select ticket, tag, 'tagged' as last from ticket_tags
            union all select distinct e.ticket, cast(coalesce(e.new, e.old) as bigint), 'untagged' from events e where e.kind in ('tagged', 'untagged')
                and not exists (select 1 from ticket_tags g where g.ticket = e.ticket and g.tag = cast(coalesce(e.new, e.old) as bigint))) x
        where x.last <> coalesce((select e.kind from events e where e.ticket = x.ticket and e.kind in ('tagged', 'untagged')
            and coalesce(e.new, e.old) = cast(x.tag as text) order by e.id desc limit 1), '')",
    ),
    rule(
        "snoozed",
        "a ticket is put off that is done, or until another time than its history says",
        "select '#' || t.number as place from tickets t where (t.snoozed_until is not null and t.merged_into is null and t.active = 0)
            or (t.snoozed_until is null) <> (t.snoozed_by is null)
            or coalesce(cast(t.snoozed_until as text), '') <> coalesce((select case e.kind when 'snoozed' then e.new else '' end from events e
                where e.ticket = t.number and e.kind in ('snoozed', 'returned') order by e.id desc limit 1), '')",
    ),
    rule(
        "comment-in-history",
        "a comment is not told of in any history",
        "select 'comment ' || c.id || ' of #' || c.ticket as place from comments c where c.id not in (select e.comment from events e where e.comment is not null)",
    ),
    rule(
        "requester-takes-part",
        "a ticket’s requester does not take part in it",
        "select '#' || t.number as place from tickets t where t.merged_into is null and not exists (
            select 1 from participants p where p.ticket = t.number and p.person = t.requester)",
    ),
    rule(
        "merged",
        "a ticket that was merged is not closed, or has comments, or no merge that stands says so",
        "select '#' || t.number as place from tickets t where case when t.merged_into is not null then
            t.status <> 'closed' or exists (select 1 from comments c where c.ticket = t.number) or not exists (
                select 1 from corrections k where k.source = t.number and k.target = t.merged_into and k.kind = 'merge' and k.undone_at is null)
            else exists (select 1 from corrections k where k.source = t.number and k.kind = 'merge' and k.undone_at is null) end",
    ),
    rule(
        "merged-in-a-circle",
        "tickets were merged into each other in a circle",
        "with recursive way (number, into_number) as (
            select number, merged_into from tickets where merged_into is not null
            union select w.number, t.merged_into from way w join tickets t on t.number = w.into_number where t.merged_into is not null)
        select '#' || number as place from way where number = into_number",
    ),
    rule(
        "moved",
        "a comment is not where its last move took it",
        "select 'comment ' || c.id || ' on #' || c.ticket as place from comments c join moves v on v.comment = c.id
        where v.id = (select max(w.id) from moves w where w.comment = c.id) and v.target <> c.ticket",
    ),
    rule(
        "attachment-octets",
        "an attachment has no octets; restore them from a backup",
        "select 'attachment ' || a.id || ' of comment ' || a.comment as place from attachments a where not exists (select 1 from blobs b where b.sha256 = a.sha256)",
    ),
    rule(
        "draft-octets",
        "a file of a draft has no octets; restore them from a backup",
        "select 'file ' || f.id || ' of draft ' || f.draft as place from draft_files f where not exists (select 1 from blobs b where b.sha256 = f.sha256)",
    ),
    rule(
        "named-in-note",
        "somebody is named in a comment that is no note",
        "select 'comment ' || m.comment || ', user ' || m.person as place from mentions m join comments c on c.id = m.comment
            where c.visibility <> 'internal'",
    ),
    rule(
        "rendered",
        "a comment in Markdown has nothing to show for it",
        "select 'comment ' || c.id || ' of #' || c.ticket as place from comments c where c.markup = 'markdown' and c.html is null and c.body <> '(erased)'",
    ),
    // Who was erased.
    rule(
        "erased",
        "a customer who was erased has a name, an address, a session, or mail that waits for them",
        "select 'user ' || p.id as place from erasures e join people p on p.id = e.person where p.name <> 'Erased customer' or p.role <> 'customer'
            or p.state <> 'disabled' or p.password_hash is not null or p.email <> 'erased-' || p.id || '@erased.invalid'
            or exists (select 1 from sessions s where s.person = p.id) or exists (
                select 1 from deliveries d where d.person = p.id and d.state in ('waiting', 'delayed', 'unknown'))",
    ),
    rule(
        "erased-octets",
        "a message has no octets as if it had been erased, and its row says who wrote it; restore it from a backup",
        "select 'message ' || m.id as place from messages m where m.sha256 = '0000000000000000000000000000000000000000000000000000000000000000'
            and (m.state <> 'decided' or m.sender is not null or m.message_id is not null or not exists (select 1 from erasures))
        union all select 'outgoing mail ' || o.id from outbox o where o.sha256 = '0000000000000000000000000000000000000000000000000000000000000000'
            and (o.subject <> '(erased)' or not exists (select 1 from erasures)
                or exists (select 1 from deliveries d where d.outbox = o.id and d.state in ('waiting', 'delayed', 'unknown')))
        union all select 'attachment ' || a.id from attachments a where a.sha256 = '0000000000000000000000000000000000000000000000000000000000000000'",
    ),
    rule(
        "expired",
        "the original of a message expired that was not to, or the row does not say so; restore it from a backup",
        "select 'message ' || m.id as place from messages m where m.sha256 = '0000000000000000000000000000000000000000000000000000000000000001'
            and (m.state <> 'decided' or m.expired_at is null or coalesce(m.held, '') = 'waiting')
        union all select 'message ' || m.id from messages m where m.expired_at is not null and m.sha256 > '0000000000000000000000000000000000000000000000000000000000000001'
        union all select 'outgoing mail ' || o.id from outbox o where o.sha256 = '0000000000000000000000000000000000000000000000000000000000000001'
        union all select 'attachment ' || a.id from attachments a where a.sha256 = '0000000000000000000000000000000000000000000000000000000000000001'",
    ),
    rule(
        "taken-away",
        "a content was taken away that a row still names; restore it from a backup",
        "select 'message ' || m.id as place from messages m join blobs b on b.sha256 = m.sha256 where b.packing in ('gone', 'leaving')
            and m.sha256 <> '0000000000000000000000000000000000000000000000000000000000000001'
        union all select 'outgoing mail ' || o.id from outbox o join blobs b on b.sha256 = o.sha256 where b.packing in ('gone', 'leaving')
        union all select 'attachment ' || a.id from attachments a join blobs b on b.sha256 = a.sha256 where b.packing in ('gone', 'leaving')
        union all select 'file of a draft ' || d.id from draft_files d join blobs b on b.sha256 = d.sha256 where b.packing in ('gone', 'leaving')",
    ),
    // What is derived.
    rule(
        "comment-count",
        "a ticket’s number of comments is not that of its comments",
        "select '#' || t.number as place from tickets t where t.comments <> (
            select count(*) from comments c where c.ticket = t.number and c.withdrawn_at is null)",
    ),
    rule(
        "turn",
        "whose turn it is on a ticket is not what its last public comment says",
        // The last that was taken in, or the last that was written: what was imported may be older, and a clock may have been wrong.
        "select '#' || t.number as place from tickets t where t.turn not in (
            case coalesce((select c.origin from comments c where c.ticket = t.number
                and c.visibility = 'public' and c.origin <> 'machine' and c.withdrawn_at is null order by c.id desc limit 1), 'customer')
            when 'staff' then 'customer' else 'staff' end,
            case coalesce((select c.origin from comments c where c.ticket = t.number and c.visibility = 'public' and c.origin <> 'machine'
                and c.withdrawn_at is null order by c.created_at desc, c.id desc limit 1), 'customer')
            when 'staff' then 'customer' else 'staff' end)",
    ),
    rule(
        "queue-counts",
        "the number beside a queue is not that of its tickets",
        "select 'tag ' || x.tag || ', ' || x.shelf || ', ' || x.status || ', ' || x.turn || ', assignee ' || x.assignee as place from (
            select tag, shelf, status, turn, assignee, priority, mailbox, sum(n) as n from (
                select tag, shelf, status, turn, assignee, priority, mailbox, n from queue_counts
                union all select 0, shelf, status, turn, coalesce(assignee, 0), priority, mailbox, -1 from tickets
                union all select g.tag, t.shelf, t.status, t.turn, coalesce(t.assignee, 0), t.priority, t.mailbox, -1
                    from ticket_tags g join tickets t on t.number = g.ticket) y
            group by tag, shelf, status, turn, assignee, priority, mailbox) x where x.n <> 0",
    ),
    rule("course", "the course of a ticket that times and figures are made from is not that of its history", courses::WRONG),
    rule(
        "due",
        "what is due next on a ticket is not the first of its promises, or a promise runs on a ticket that is done",
        "select '#' || t.number as place from tickets t left join (select ticket, min(due_at) as due_at from promises where due_at is not null group by ticket) p
            on p.ticket = t.number where t.due_at <> coalesce(p.due_at, 253402300799999) or (p.due_at is not null and t.active = 0)
                or (t.due is null) <> (p.due_at is null)",
    ),
    rule(
        "rated",
        "an answer of a customer is about no resolution, or is not in its ticket’s history",
        "select 'rating ' || r.id || ' of #' || r.ticket as place from ratings r where not exists (
                select 1 from events e where e.ticket = r.ticket and e.at = r.resolved_at and e.kind = 'status' and e.new = 'resolved')
            or not exists (select 1 from events e where e.ticket = r.ticket and e.kind = 'rated' and e.new = r.rating)",
    ),
    Rule {
        name: "search",
        says: "a comment is not found by the search, or on another ticket, or by those who may not read it",
        sql: "select 'comment ' || c.id || ' of #' || c.ticket as place from comments c where c.withdrawn_at is null and not exists (
                select 1 from search where search match 't_' || c.ticket || ' AND v_' || c.visibility and rowid = c.id)
            union all select 'comment ' || rowid || ', which is none' from search where rowid not in (select id from comments where withdrawn_at is null)",
        postgres: Some(
            "select 'comment ' || c.id || ' of #' || c.ticket as place from comments c where c.withdrawn_at is null and not exists (
                select 1 from search s where s.words @@ cast('t_' || c.ticket || ' & v_' || c.visibility as tsquery) and s.rowid = c.id)
            union all select 'comment ' || s.rowid || ', which is none' from search s where s.rowid not in (select id from comments where withdrawn_at is null)",
        ),
    },
];
