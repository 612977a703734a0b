-- Working a queue: tags, tickets put off until a time, saved views, how far each of the staff has read.

-- A tag is the same however it is typed: by its folded name.
create table tags (
    id          integer primary key,
    name        text not null,                  -- as it was typed
    folded      text unique,                    -- null: deleted, or merged into another; histories still name it
    merged_into integer references tags (id),
    made_by     integer references people (id), -- null: maildesk itself
    made_at     integer not null
);

create table ticket_tags (
    ticket    integer not null references tickets (number),
    tag       integer not null references tags (id),
    added_by  integer references people (id),
    added_at  integer not null,
    came_with integer references corrections (id), -- the merge that brought it; null: it was put here
    primary key (ticket, tag)
);
-- A list of one tag, where few tickets have it.
create index ticket_tags_by_tag on ticket_tags (tag, ticket);

-- Out of the active queues until then, or until the customer writes; null: not put off.
alter table tickets add column snoozed_until integer;
alter table tickets add column snoozed_by integer references people (id);
-- Since when it is whose turn: of the staff's, since the first public comment that has no answer.
alter table tickets add column turn_at integer not null default 0;
-- Ids of its tags as a JSON array, kept by the triggers below: rows of lists show them, and counts know what they were.
alter table tickets add column tags text not null default '[]';
-- Which shelf it lies on: queue | snoozed | merged.
alter table tickets add column shelf text generated always as (case when merged_into is not null then 'merged' when snoozed_until is not null then 'snoozed' else 'queue' end) virtual;

update tickets set turn_at = coalesce(case turn
    when 'customer' then (select max(c.created_at) from comments c where c.ticket = number and c.visibility = 'public' and c.origin = 'staff' and c.withdrawn_at is null)
    else (select min(c.created_at) from comments c where c.ticket = number and c.visibility = 'public' and c.origin = 'customer' and c.withdrawn_at is null
        and c.id > coalesce((select max(s.id) from comments s where s.ticket = number and s.visibility = 'public' and s.origin = 'staff' and s.withdrawn_at is null), 0))
    end, opened_at);

create trigger tickets_tagged after insert on ticket_tags begin
    update tickets set tags = (select json_group_array(tag) from (select tag from ticket_tags where ticket = new.ticket order by tag)) where number = new.ticket;
end;
create trigger tickets_untagged after delete on ticket_tags begin
    update tickets set tags = (select json_group_array(tag) from (select tag from ticket_tags where ticket = old.ticket order by tag)) where number = old.ticket;
end;

-- The queues again: of one status and turn, everybody's or one helper's, in each order that a list is shown in.  The columns at the
-- end are what lists are narrowed by, so that a row that is passed over is not read.
drop index tickets_by_status;
drop index tickets_by_assignee;
create index tickets_by_activity on tickets (status, turn, updated_at desc, number desc, priority, mailbox) where shelf = 'queue';
create index tickets_by_priority on tickets (status, turn, priority desc, updated_at desc, number desc, mailbox) where shelf = 'queue';
create index tickets_by_age on tickets (status, turn, opened_at, number, priority, mailbox) where shelf = 'queue';
create index tickets_by_wait on tickets (status, turn, turn_at, number, priority, mailbox) where shelf = 'queue';
create index tickets_of_by_activity on tickets (assignee, status, turn, updated_at desc, number desc, priority, mailbox) where shelf = 'queue';
create index tickets_of_by_priority on tickets (assignee, status, turn, priority desc, updated_at desc, number desc, mailbox) where shelf = 'queue';
create index tickets_of_by_age on tickets (assignee, status, turn, opened_at, number, priority, mailbox) where shelf = 'queue';
create index tickets_of_by_wait on tickets (assignee, status, turn, turn_at, number, priority, mailbox) where shelf = 'queue';
-- What is put off, and what returns next.
create index tickets_snoozed on tickets (snoozed_until, number) where shelf = 'snoozed';
-- Whatever one helper has, in whichever state.
create index tickets_by_assignee on tickets (assignee);

-- How many tickets are of each kind that lists are narrowed by, kept by the triggers below: a count of 100,000 rows would be on every
-- page.  A ticket counts once under tag 0, and once under each of its tags.
drop trigger tickets_counted_in;
drop trigger tickets_counted_over;
drop table queue_counts;
create table queue_counts (
    tag      integer not null,                  -- 0: with whichever tags
    shelf    text not null,
    status   text not null,
    turn     text not null,
    assignee integer not null,                  -- 0: nobody
    priority integer not null,
    mailbox  integer not null,
    n        integer not null,
    primary key (tag, shelf, status, turn, assignee, priority, mailbox)
) without rowid;
insert into queue_counts (tag, shelf, status, turn, assignee, priority, mailbox, n)
    select 0, shelf, status, turn, coalesce(assignee, 0), priority, mailbox, count(*) from tickets group by 2, 3, 4, 5, 6, 7;

create trigger tickets_counted_in after insert on tickets begin
    insert into queue_counts (tag, shelf, status, turn, assignee, priority, mailbox, n)
        select value, new.shelf, new.status, new.turn, coalesce(new.assignee, 0), new.priority, new.mailbox, 1
        from (select 0 as value union all select value from json_each(new.tags)) where true
        on conflict (tag, shelf, status, turn, assignee, priority, mailbox) do update set n = n + 1;
end;
create trigger tickets_counted_over after update of status, turn, assignee, priority, mailbox, merged_into, snoozed_until, tags on tickets
    when old.status <> new.status or old.turn <> new.turn or old.assignee is not new.assignee or old.priority <> new.priority
        or old.mailbox <> new.mailbox or old.shelf <> new.shelf or old.tags <> new.tags
begin
    update queue_counts set n = n - 1 where tag in (select 0 union all select value from json_each(old.tags)) and shelf = old.shelf
        and status = old.status and turn = old.turn and assignee = coalesce(old.assignee, 0) and priority = old.priority and mailbox = old.mailbox;
    insert into queue_counts (tag, shelf, status, turn, assignee, priority, mailbox, n)
        select value, new.shelf, new.status, new.turn, coalesce(new.assignee, 0), new.priority, new.mailbox, 1
        from (select 0 as value union all select value from json_each(new.tags)) where true
        on conflict (tag, shelf, status, turn, assignee, priority, mailbox) do update set n = n + 1;
end;

-- Filters that somebody gave a name: shown to its owner, or to all of the staff.
create table saved_views (
    id       integer primary key,
    name     text not null,
    owner    integer not null references people (id),
    shared   integer not null default 0,        -- 1: all of the staff see it
    query    text not null,                     -- the list's address after its `?`
    position integer not null,
    made_at  integer not null
);
create index saved_views_by_owner on saved_views (shared, owner, position, id);

-- How far each of the staff has read.
create table visits (
    person integer not null references people (id),
    ticket integer not null references tickets (number),
    seen   integer not null,                    -- the last comment that was there
    earlier integer not null default 0,         -- and at the visit before: what is behind it is new
    at     integer not null,                    -- when `seen` last grew
    primary key (person, ticket)
) without rowid;
