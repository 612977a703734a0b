-- The audit log: one line for each change of people, mailboxes, shared views, saved replies, tags, senders and the like.  Never a secret.
create table audit (
    id      integer primary key,
    at      integer not null,
    person  integer references people (id),     -- null: somebody on the shell, or maildesk itself
    name    text not null,                      -- what they were called then; stays when they go
    address text,                               -- where they asked from; null: not over the network
    kind    text not null,                      -- what sort of thing was changed: desk/audit.rs
    about   text not null,                      -- which
    what    text not null,                      -- in a few words: what was done to it
    old     text,
    new     text
);
-- The page, of one kind or one person.
create index audit_by_kind on audit (kind, id);
create index audit_by_person on audit (person, id);
-- Clearing away what is older than it is kept.
create index audit_by_time on audit (at);
