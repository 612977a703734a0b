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
