-- What a helper is told once a day, because they chose so: the columns notify_… of people may say digest now.
-- The rows go with the mail that tells of them.
create table digest_lines (
    id     integer primary key,
    person integer not null references people (id) on delete cascade,
    ticket integer not null references tickets (number) on delete cascade,
    says   text not null,                       -- what happened, as a sentence without its end
    at     integer not null
);
create index digest_lines_by_person on digest_lines (person, id);
create index digest_lines_by_ticket on digest_lines (ticket);
