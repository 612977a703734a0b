-- Tickets that staff said have to do with each other; those that came out of one another say so themselves (tickets.linked).
create table ticket_links (
    lower   bigint not null references tickets (number),
    higher  bigint not null references tickets (number),
    made_by bigint references people (id),      -- null: an account that is gone
    made_at bigint not null,
    primary key (lower, higher),
    check (lower < higher)
);
create index ticket_links_by_higher on ticket_links (higher, lower);

-- What came out of a ticket: each page of one asks.
create index tickets_by_linked on tickets (linked, number) where linked is not null;
