-- Addresses that people had before: mail from and to them is found by these when a customer is erased.
create table former_addresses (
    id      integer primary key,
    person  integer not null references people (id) on delete cascade,
    address text not null,                      -- folded
    until   integer not null                     -- until then it was theirs
);
create index former_addresses_by_person on former_addresses (person);

-- The address that a link of purpose 'address' makes theirs.
alter table links add column address text;
