-- Tickets that staff said have to do with each other; those that came out of one another say so themselves (tickets.linked).
create table ticket_links (
    lower   integer not null references tickets (number),
    higher  integer not null references tickets (number),
    made_by integer references people (id),     -- null: an account that is gone
    made_at integer not null,
    primary key (lower, higher),
    check (lower < higher)
) without rowid;
create index ticket_links_by_higher on ticket_links (higher, lower);

-- What came out of a ticket: each page of one asks.
create index tickets_by_linked on tickets (linked, number) where linked is not null;
