-- What is no work is told apart in courses (desk/course.rs): before the status that they change stand a merge, a mark as spam, and what
-- was undone.
create or replace function keep_courses() returns trigger language plpgsql as $$
begin
    if new.kind = 'opened' then
        insert into courses (ticket, mailbox, priority, active, opened_at, last_at, course)
            select number, mailbox, priority, 1, new.at, new.at, '' from tickets where number = new.ticket on conflict (ticket) do nothing;
    end if;
    update courses set last_at = greatest(last_at, new.at),
        active = case when new.kind = 'status' then (case when new.new in ('open', 'in-progress') then 1 else 0 end) else active end,
        course = course || (case new.kind when 'opened' then 'o' when 'replied' then 'r' when 'withdrawn' then 'w' when 'commented' then 'c' when 'status' then 's'
            when 'assigned' then 'a' when 'rated' then 'g' else 'x' end) || (new.at - opened_at) || '.' || coalesce(new.actor, 0) || '.' || (case new.kind
            when 'opened' then case new.new when 'mail' then 0 when 'portal' then 0 when 'panel' then 1 when 'import' then 3 else 2 end
            when 'replied' then coalesce(new.comment, 0) when 'withdrawn' then coalesce(new.comment, 0)
            when 'status' then 10 * (case new.old when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
                + (case new.new when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
            when 'assigned' then coalesce(cast(new.new as bigint), 0)
            when 'rated' then 10 * (case new.old when 'good' then 1 when 'okay' then 2 when 'bad' then 3 else 0 end)
                + (case new.new when 'good' then 1 when 'okay' then 2 else 3 end)
            when 'merged-into' then 1 when 'spam' then 1 when 'came-back' then 2 when 'not-spam' then 2 when 'undone' then 3 when 'put-back' then 3
            else 0 end) || ';'
        where ticket = new.ticket;
    return null;
end $$;
drop trigger courses_kept on events;
create trigger courses_kept after insert on events for each row when (new.kind in ('opened', 'replied', 'withdrawn', 'commented', 'status', 'assigned', 'rated',
        'merged-into', 'spam', 'came-back', 'not-spam', 'undone', 'put-back')) execute function keep_courses();

update courses set
    last_at = (select max(e.at) from events e where e.ticket = courses.ticket and e.kind in ('opened', 'replied', 'withdrawn', 'commented', 'status', 'assigned', 'rated',
        'merged-into', 'spam', 'came-back', 'not-spam', 'undone', 'put-back')),
    course = (select string_agg((case e.kind when 'opened' then 'o' when 'replied' then 'r' when 'withdrawn' then 'w' when 'commented' then 'c' when 'status' then 's'
            when 'assigned' then 'a' when 'rated' then 'g' else 'x' end) || (e.at - courses.opened_at) || '.' || coalesce(e.actor, 0) || '.' || (case e.kind
            when 'opened' then case e.new when 'mail' then 0 when 'portal' then 0 when 'panel' then 1 when 'import' then 3 else 2 end
            when 'replied' then coalesce(e.comment, 0) when 'withdrawn' then coalesce(e.comment, 0)
            when 'status' then 10 * (case e.old when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
                + (case e.new when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
            when 'assigned' then coalesce(cast(e.new as bigint), 0)
            when 'rated' then 10 * (case e.old when 'good' then 1 when 'okay' then 2 when 'bad' then 3 else 0 end)
                + (case e.new when 'good' then 1 when 'okay' then 2 else 3 end)
            when 'merged-into' then 1 when 'spam' then 1 when 'came-back' then 2 when 'not-spam' then 2 when 'undone' then 3 when 'put-back' then 3
            else 0 end) || ';', '' order by e.id)
        from events e where e.ticket = courses.ticket and e.kind in ('opened', 'replied', 'withdrawn', 'commented', 'status', 'assigned', 'rated',
        'merged-into', 'spam', 'came-back', 'not-spam', 'undone', 'put-back'))
    where ticket in (select ticket from events where kind in ('merged-into', 'spam', 'came-back', 'not-spam', 'put-back'));

-- Staff who have been here: those who were only ever invited get no tickets and no mail about any.  Who has neither a password nor the
-- time of a sign-in has been here where anything else says so.
update people set seen_at = created_at where role in ('admin', 'helper') and password_hash is null and seen_at is null
    and (exists (select 1 from sessions s where s.person = people.id) or exists (select 1 from visits v where v.person = people.id)
        or exists (select 1 from events e where e.actor = people.id and e.kind in ('replied', 'noted'))
        or exists (select 1 from audit a where a.person = people.id)
        or exists (select 1 from api_tokens t where t.person = people.id and t.used_at is not null));

-- What was merged into a ticket: the words of its subject lead to where it is now (store/search/index.rs).
create index tickets_merged on tickets (merged_into) where merged_into is not null;
