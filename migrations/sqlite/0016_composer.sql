-- How a comment’s words were written: plain, or markdown; then html is what they come to.
alter table comments add column markup text not null default 'plain';
-- What stands below a reply that was written in the panel.
alter table comments add column signature text not null default '';

-- How somebody wrote last, and what stands below their replies; empty: what the mailbox says.
alter table people add column markup text not null default 'plain';
alter table people add column signature text not null default '';
alter table mailboxes add column signature text not null default '';

-- What somebody has begun to write on a ticket: a reply and a note, each on its own.
create table drafts (
    id         integer primary key,
    person     integer not null references people (id),
    ticket     integer not null references tickets (number),
    kind       text not null,                   -- reply | note
    body       text not null,
    markup     text not null,                   -- plain | markdown
    cc         text not null default '',        -- addresses to add, as they were typed
    left_out   text not null default '',        -- who is not sent this one: ids, parted by commas
    follow_up  text not null default '',        -- the status to set with it
    updated_at integer not null,
    unique (person, ticket, kind)
);
-- Merging moves them; erasing removes them.
create index drafts_by_ticket on drafts (ticket);
-- Those that nobody came back to.
create index drafts_by_age on drafts (updated_at);

-- Files that wait with a draft.
create table draft_files (
    id           integer primary key,
    draft        integer not null references drafts (id),
    position     integer not null,
    filename     text not null,
    content_type text not null,
    size         integer not null,
    sha256       text not null references blobs (sha256)
);
create index draft_files_by_draft on draft_files (draft, position);
-- Is a content still named?
create index draft_files_by_content on draft_files (sha256);

-- Texts that are written again and again.
create table saved_replies (
    id         integer primary key,
    owner      integer references people (id),  -- null: everybody’s
    mailbox    integer references mailboxes (id), -- null: on tickets of any
    name       text not null,
    body       text not null,                   -- with placeholders (desk/placeholder.rs)
    changed_by integer not null references people (id),
    changed_at integer not null
);
create index saved_replies_by_owner on saved_replies (owner, name);

-- When each was sent, for thirty days.
create table saved_reply_uses (
    id      integer primary key,
    reply   integer not null references saved_replies (id),
    used_at integer not null
);
create index saved_reply_uses_by_reply on saved_reply_uses (reply, used_at);
create index saved_reply_uses_by_age on saved_reply_uses (used_at);

-- Whom a note names, as it names them.
create table mentions (
    comment integer not null references comments (id),
    person  integer not null references people (id),
    handle  text not null,                      -- without the @
    primary key (comment, person)
);

-- Who has a ticket open now, and whether they write. Rows end by themselves (desk/presence.rs).
create table presence (
    ticket     integer not null references tickets (number),
    person     integer not null references people (id),
    doing      text not null,                   -- reads | replies | notes
    seen_at    integer not null,
    changed_at integer not null,                -- since when they do that
    primary key (ticket, person)
);
-- What changed since a page was told last.
create index presence_by_change on presence (changed_at);
create index presence_by_age on presence (seen_at);
