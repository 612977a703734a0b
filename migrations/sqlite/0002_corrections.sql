-- Mistakes taken back by people: messages moved to another ticket, tickets merged.  Each can be undone.

-- A merged ticket's messages are there; null: it stands by itself.
alter table tickets add column merged_into integer references tickets (number);

-- The correction that brought them, or raised them from what they were; null: they came by themselves.
alter table participants add column came_with integer;
alter table participants add column was text;      -- before that correction; null: no participant

create table corrections (
    id        integer primary key,
    kind      text not null,                       -- move | split (to a new ticket) | merge
    source    integer not null references tickets (number),
    target    integer not null references tickets (number),
    status    text not null,                       -- the source's, before
    made_by   integer references people (id),
    made_at   integer not null,
    undone_by integer references people (id),
    undone_at integer                              -- null: it stands
);
-- Where did this ticket go, what came into it?
create index corrections_by_source on corrections (source, id);
create index corrections_by_target on corrections (target, id);

-- Each way that a comment has gone, with the correction that it belongs to.  Only ever added to.
create table moves (
    id         integer primary key,
    correction integer not null references corrections (id),
    comment    integer not null references comments (id),
    message_id text,                               -- of its mail: later mail that answers it follows
    origin     integer not null references tickets (number),
    target     integer not null references tickets (number),
    how        text not null,                      -- moved (by that correction) | followed (it came in since) | returned
    flag       text,                               -- the comment's, before
    moved_by   integer references people (id),     -- null: it followed by itself
    moved_at   integer not null
);
create index moves_by_comment on moves (comment, id);
create index moves_by_correction on moves (correction, comment);
create index moves_by_message_id on moves (message_id, id);
