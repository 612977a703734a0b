-- Customers whose personal data was erased: that it was done, by whom, when and how much. Nothing here says who they were.
create table erasures (
    id         integer primary key,
    person     integer not null unique references people (id), -- keeps its row: without name and address
    erased_by  integer references people (id),  -- null: the shell
    erased_at  integer not null,
    tickets    integer not null,                -- that were theirs
    comments   integer not null,
    messages   integer not null,
    outgoing   integer not null,
    called_off integer not null,                -- copies that were still to leave
    files      integer not null,                -- attachments
    unswept    text                             -- JSON: contents whose files are still to be removed; null: all of it is gone
);
create index erasures_unswept on erasures (id) where unswept is not null;

-- What a row names whose octets were erased (store/blobs.rs). No content has this hash.
insert into blobs (sha256, size, packing, bytes, stored_at)
    values ('0000000000000000000000000000000000000000000000000000000000000000', 0, 'plain', x'', 0);
