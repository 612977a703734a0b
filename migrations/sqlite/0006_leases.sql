-- Who runs, and who of them reads which mailbox (store/instances.rs, store/leases.rs).
create table instances (
    id          integer primary key autoincrement, -- of one run: never used twice
    name        text not null,                  -- machine and address, for people; two may have the same
    began_at    integer not null,
    alive_until integer not null                -- by the database's clock; said anew long before
);

create table fetch_leases (
    mailbox     integer primary key references mailboxes (id),
    fence       integer not null,               -- grows with each grant: a write under an older one fails
    instance    integer references instances (id) on delete set null, -- null: nobody reads it
    granted_at  integer not null
);

-- What lay in a folder before it was first met, and is not ours to take, under whatever number it has now (store/left_alone.rs).
create table left_alone (
    mailbox      integer not null references mailboxes (id),
    uid_validity integer not null,
    uid          integer not null,
    size         integer not null,               -- as the server lists it
    at           integer,                        -- likewise (INTERNALDATE); null: it gives none
    primary key (mailbox, uid_validity, uid)
);
alter table mailboxes add column left_alone_noted integer not null default 0; -- 1: left_alone has all of it
alter table mailboxes add column not_filed text;    -- why mail that was taken in stays as it was on the server; null: it does not

-- A server that gives a known number to another message lists it with another size or date; null: taken in before this was kept.
alter table sightings add column listed_size integer;
alter table sightings add column listed_at integer;
