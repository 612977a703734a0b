-- What is not well: one row from the moment it is found until it has stayed well for a while.  The list of a round is in the
-- process (desk/health.rs); a row remembers what the admins were told, over restarts and instances.
create table troubles (
    id           integer primary key,
    kind         text not null,                 -- mailbox | silent | ledger-gap | undecided | sender | unsent | …
    about        text not null,                 -- a mailbox's short name, an instance, or nothing
    since        integer not null,              -- when it began, as far as is known
    found_at     integer not null,              -- found first; counted anew after a restart while nobody was told
    seen_at      integer not null,              -- found last; renewed every ten minutes
    says         text not null,
    mend         text not null,
    well_since   integer,                       -- not found since; null: it is there
    over_at      integer,                       -- it has stayed well
    said_at      integer,                       -- when the mail that tells of it was decided on
    said_in      text,                          -- that mail's Message-ID
    told_over_at integer,
    told_over_in text
);
-- One open row for each trouble, whichever instance finds it first.
create unique index troubles_open on troubles (kind, about) where over_at is null;
-- Is there anybody to tell that it is over?
create index troubles_to_tell on troubles (id) where over_at is not null and said_in is not null and told_over_in is null;
-- How often was this told lately?  And what is long over is cleared away.
create index troubles_told on troubles (kind, about, said_at);
create index troubles_over on troubles (over_at) where over_at is not null;

-- Messages that a mailbox sends to itself, to see whether they come back.
create table probes (
    id         integer primary key,
    mailbox    integer not null references mailboxes (id),
    message_id text not null unique,
    sent_at    integer not null,                -- when it was decided on
    back_at    integer                          -- met again in the watched folder; null: not yet
);
create index probes_by_mailbox on probes (mailbox, id);
