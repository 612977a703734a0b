-- maildesk, SQLite.  The same tables and columns as migrations/postgres, held together by a test.
--
-- Read this first: it is the whole of what a desk knows.
--
--   mailboxes ─┬─ sightings ── messages (the ledger) ── comments ── attachments
--              └─ tickets ──┬─ participants ── people ── sessions, links
--                           ├─ comments ── outbox ── deliveries
--                           └─ events (the history), milestones (of figures)
--   blobs: raw mail, attachments and outgoing mail by content hash
--
-- Times are milliseconds since 1970 UTC.  Hashes are SHA-256 as 64 hex digits.  Addresses are lower case.
-- Words in `state`, `kind` and the like are those of src/desk/.

-- One row for each thing kept by content.  `bytes` is null for a large one: it is a file in data_dir/blobs.
create table blobs (
    sha256    text primary key,
    size      integer not null,                 -- of the content, before compression
    packing   text not null,                    -- plain | deflate
    bytes     blob,                             -- null: in a file of that name
    stored_at integer not null
);

-- Everybody the desk knows: admins, helpers and customers alike.
create table people (
    id            integer primary key,
    role          text not null,                -- admin | helper | customer
    state         text not null,                -- active | disabled
    name          text not null,
    email         text not null unique,
    password_hash text,                         -- PHC string (Argon2id); null: cannot sign in with a password
    session_epoch integer not null default 0,   -- a session of an older epoch is over
    notify_new    text not null default 'at-once', -- new tickets nobody has: at-once | never
    notify_own    text not null default 'at-once', -- what happens on own tickets: at-once | never
    theme         text not null default 'system',  -- system | dark | light
    created_at    integer not null,
    seen_at       integer
);
-- The list of users, and "who is told of a new ticket".
create index people_by_role on people (role, state, id);

-- A signed-in browser.  The cookie's JWT names the row; without the row it opens nothing.
create table sessions (
    id         text primary key,                -- SHA-256 of the id in the cookie
    person     integer not null references people (id) on delete cascade,
    created_at integer not null,
    seen_at    integer not null,
    expires_at integer not null,
    agent      text not null,                   -- the browser's own words, shortened
    address    text not null                    -- where it signed in from
);
create index sessions_by_person on sessions (person);

-- Invitations and the like: one purpose, one person, one use.
create table links (
    token_hash text primary key,                -- SHA-256 of the token; the token itself is only in the mail
    purpose    text not null,                   -- invitation | reset
    person     integer not null references people (id) on delete cascade,
    expires_at integer not null,
    used_at    integer
);

-- One watched folder and the address that answers for it.  What the configuration file says is not repeated here:
-- a row holds what the desk has learnt about the mailbox.
create table mailboxes (
    id              integer primary key,
    name            text not null unique,       -- as in the configuration file
    address         text not null,
    met_at          integer,                    -- first successful look; mail from before is not taken unless asked for
    uid_validity    integer,                    -- of the folder when last seen
    floor_uid       integer not null default 1, -- UIDs below it were there before we came
    connected_since integer,                    -- null: not connected
    checked_at      integer,                    -- last time the server answered what is new
    last_mail_at    integer,                    -- last message taken in
    waiting         integer not null default 0, -- listed and not yet in the ledger
    error           text,                       -- in plain words; null when all is well
    error_at        integer,
    failing_since   integer
);

-- One customer request.
create table tickets (
    number          integer primary key autoincrement, -- never used twice
    mailbox         integer not null references mailboxes (id),
    subject         text not null,
    status          text not null,              -- open | in-progress | resolved | closed
    priority        integer not null default 2, -- 1 low, 2 normal, 3 high, 4 urgent
    requester       integer not null references people (id),
    assignee        integer references people (id),
    version         integer not null default 1, -- each change names the one it was made against
    turn            text not null,              -- staff | customer: whose turn, from the last public comment
    active          integer not null generated always as (case when status in ('open', 'in-progress') then 1 else 0 end) stored,
    comments        integer not null default 0,
    snippet         text not null default '',   -- the start of the last comment a customer may see
    has_files       integer not null default 0,
    opened_message  text,                       -- Message-ID of the mail that opened it
    linked          integer references tickets (number), -- came out of this one
    opened_at       integer not null,
    updated_at      integer not null,
    status_at       integer not null            -- since when it has its status
);
-- The queues: of one status and turn, everybody's or one helper's, newest activity first.  A list of several is
-- several of these, side by side (store/queue.rs).
create index tickets_by_status on tickets (status, turn, updated_at desc, number desc);
create index tickets_by_assignee on tickets (assignee, status, turn, updated_at desc, number desc);
create index tickets_by_requester on tickets (requester, updated_at desc, number desc);
-- Closing what was resolved long ago.
create index tickets_to_close on tickets (status_at) where status = 'resolved';

-- How many tickets each queue holds, kept by the triggers below: a count of 100,000 rows would be on every page.
create table queue_counts (
    status   text not null,
    turn     text not null,
    assignee integer not null,                  -- 0: nobody
    n        integer not null,
    primary key (status, turn, assignee)
);

create trigger tickets_counted_in after insert on tickets begin
    insert into queue_counts (status, turn, assignee, n) values (new.status, new.turn, coalesce(new.assignee, 0), 1)
        on conflict (status, turn, assignee) do update set n = n + 1;
end;
create trigger tickets_counted_over after update of status, turn, assignee on tickets begin
    update queue_counts set n = n - 1 where status = old.status and turn = old.turn and assignee = coalesce(old.assignee, 0);
    insert into queue_counts (status, turn, assignee, n) values (new.status, new.turn, coalesce(new.assignee, 0), 1)
        on conflict (status, turn, assignee) do update set n = n + 1;
end;

-- Whose mail may join, and who is sent what is public.
create table participants (
    ticket   integer not null references tickets (number),
    person   integer not null references people (id),
    state    text not null,                     -- active | proposed (sent nothing until staff agree) | removed
    added_at integer not null,
    primary key (ticket, person)
);
-- A customer's own tickets.
create index participants_by_person on participants (person, ticket);

-- The ledger: every message the daemon ever saw, from before anything is decided about it.
create table messages (
    id           integer primary key,
    content_key  text not null unique,          -- what makes it the same message when it is met again (store/messages.rs)
    sha256       text not null references blobs (sha256),
    size         integer not null,
    mailbox      integer not null references mailboxes (id),
    message_id   text,
    received_at  integer not null,              -- when the server got it
    stored_at    integer not null,
    state        text not null,                 -- stored | decided
    whole        integer not null default 1,    -- 0: too large, the header alone was taken
    starts       integer not null default 0,    -- times its decision was begun; a message that kills us is held at the third
    decision     text,                          -- open-ticket | add-comment | record-bounce | hold | ignore
    reason       text,                          -- the deciding answer in one sentence
    trace        text,                          -- JSON: every question, what was found
    decided_at   integer,
    ticket       integer references tickets (number),
    sender       text,                          -- From, folded; for lists and budgets
    sender_name  text,
    subject      text,
    held         text,                          -- waiting | released | discarded; null: was never held
    held_by      integer references people (id),
    held_done_at integer
);
-- What is left to decide, in the order it came.
create index messages_to_decide on messages (id) where state = 'stored';
-- The page of held mail.
create index messages_held on messages (held, id);
-- "Whose Message-ID is this?" (MAIL.md, Deciding, 8c)
create index messages_by_message_id on messages (message_id);
-- Too many new tickets from one sender?
create index messages_by_sender on messages (sender, decided_at);

-- Where on a server a message was met.  The same message may lie in two folders, or be met again under a new UID.
create table sightings (
    mailbox      integer not null references mailboxes (id),
    uid_validity integer not null,
    uid          integer not null,
    message      integer not null references messages (id),
    seen_at      integer not null,
    filed_at     integer,                       -- flagged (and moved) on the server
    filing       text not null default 'due',   -- due | done | left (shadow, or the server refuses)
    primary key (mailbox, uid_validity, uid)
);
create index sightings_by_message on sightings (message);
create index sightings_to_file on sightings (mailbox, uid) where filing = 'due';

-- What was said.
create table comments (
    id         integer primary key,
    ticket     integer not null references tickets (number),
    visibility text not null,                   -- public | internal
    origin     text not null,                   -- customer | staff | machine
    author     integer references people (id),
    via        text not null,                   -- mail | panel | portal
    body       text not null,                   -- what was newly written
    quoted     text not null default '',        -- history and signature that were cut
    html       text,                            -- sanitised, for display
    remote_images integer not null default 0,   -- left out of it
    message    integer references messages (id),
    flag       text,                            -- new-participant | unsigned-staff | automatic
    withdrawn_at integer,                       -- a reply taken back within its undo window
    created_at integer not null
);
create index comments_by_ticket on comments (ticket, id);

create table attachments (
    id           integer primary key,
    comment      integer not null references comments (id),
    position     integer not null,
    filename     text not null,
    content_type text not null,
    size         integer not null,
    sha256       text not null references blobs (sha256),
    content_id   text                           -- set for a picture that the HTML shows
);
create index attachments_by_comment on attachments (comment, position);

-- The history: one line for each change.  Every figure is counted from here.
create table events (
    id      integer primary key,
    ticket  integer not null references tickets (number),
    at      integer not null,
    kind    text not null,                      -- opened | replied | commented | noted | status | priority | assigned | …
    actor   integer references people (id),     -- null: maildesk itself
    old     text,
    new     text,
    comment integer references comments (id),
    -- For the figures: what it does to the number of open tickets (1, 0, -1), and whose it is.
    backlog integer not null generated always as (case
        when kind = 'opened' then 1
        when kind = 'status' then
            (case when new in ('open', 'in-progress') then 1 else 0 end) - (case when old in ('open', 'in-progress') then 1 else 0 end)
        else 0 end) stored,
    whose   integer generated always as (case when kind = 'assigned' then cast(new as integer) else actor end) stored
);
create index events_by_ticket on events (ticket, id);
-- Analytics: what happened in a period, without looking at the rows themselves (store/analytics.rs).
create index events_by_time on events (kind, at, whose, backlog, ticket, comment);

-- The two moments of each ticket that times are measured to, kept by the triggers below: found among a million events
-- for each figure, they would cost a second a page.  No action writes here.
create table milestones (
    ticket         integer primary key references tickets (number),
    mailbox        integer not null,
    opened_at      integer not null,
    first_reply_at integer,                    -- first reply by staff that was not taken back
    first_reply_by integer,
    resolved_at    integer,                    -- last move to resolved or closed; null while it is open (again)
    resolved_by    integer                     -- null: maildesk itself
);

create trigger figures_opened after insert on events when new.kind = 'opened' begin
    insert into milestones (ticket, mailbox, opened_at) select number, mailbox, new.at from tickets where number = new.ticket
        on conflict (ticket) do nothing;
end;
create trigger figures_replied after insert on events when new.kind = 'replied' begin
    update milestones set first_reply_at = new.at, first_reply_by = new.actor where ticket = new.ticket and first_reply_at is null;
end;
create trigger figures_withdrawn after insert on events when new.kind = 'withdrawn' begin
    update milestones set (first_reply_at, first_reply_by) = (select e.at, e.actor from events e
        where e.ticket = new.ticket and e.kind = 'replied' and not exists (select 1 from events w
            where w.ticket = e.ticket and w.kind = 'withdrawn' and w.comment = e.comment) order by e.id limit 1)
        where ticket = new.ticket;
end;
create trigger figures_moved after insert on events when new.kind = 'status' and new.backlog <> 0 begin
    update milestones set resolved_at = case when new.backlog < 0 then new.at end, resolved_by = case when new.backlog < 0 then new.actor end
        where ticket = new.ticket;
end;
create trigger figures_elsewhere after update of mailbox on tickets begin
    update milestones set mailbox = new.mailbox where ticket = new.number;
end;

-- One finished mail.  Its bytes never change: a retry sends the same ones.
create table outbox (
    id         integer primary key,
    mailbox    integer not null references mailboxes (id),
    kind       text not null,                   -- reply | receipt | status | assigned | commented | new-ticket | …
    ticket     integer references tickets (number),
    comment    integer references comments (id),
    author     integer references people (id),  -- who is told when it fails
    message_id text not null unique,
    envelope_from text,                         -- null: <>
    sha256     text not null references blobs (sha256),
    subject    text not null,
    automatic  integer not null,                -- 1: nobody wrote it; counts towards the budgets
    created_at integer not null
);
create index outbox_by_comment on outbox (comment);

-- One recipient of one mail: handed over, put off, refused or cancelled on its own.
create table deliveries (
    id          integer primary key,
    outbox      integer not null references outbox (id),
    mailbox     integer not null,
    address     text not null,
    domain      text not null,                  -- what stands after its @
    person      integer references people (id),
    automatic   integer not null,               -- as on the mail, for the budgets' index
    state       text not null,                  -- waiting | sent | delayed | refused | bounced | unknown | cancelled
    attempts    integer not null default 0,     -- counted when leased: a crash in between must not earn a free retry
    next_at     integer not null,               -- not before; the undo window is here
    lease_owner text,
    lease_until integer,
    words       text,                           -- the server's own
    first_try_at integer,
    settled_at  integer,
    created_at  integer not null
);
-- The sender's question: what is due?
create index deliveries_due on deliveries (next_at, id) where state in ('waiting', 'delayed', 'unknown');
-- The page of mail: what waits, and what did not arrive; newest first.
create index deliveries_open on deliveries (id) where state in ('waiting', 'delayed', 'unknown');
create index deliveries_failed on deliveries (id) where state in ('refused', 'bounced');
create index deliveries_by_outbox on deliveries (outbox);
-- How much automatic mail did this address get lately?
create index deliveries_by_address on deliveries (address, automatic, created_at);
create index deliveries_by_domain on deliveries (domain, automatic, created_at);
create index deliveries_by_time on deliveries (automatic, created_at);

-- Words of subjects and comments, folded; found by store/search.rs.  rowid: the comment; a subject is its ticket's first.
create virtual table search using fts5 (words, ticket unindexed, audience unindexed, tokenize = "unicode61 remove_diacritics 2");

-- Facts about the desk itself, by name.
create table facts (
    name  text primary key,
    value text not null
);
