-- What people wait for among the mail that was not sent, however much of the desk's own there is.
create index deliveries_not_sent_by_rank on deliveries (rank, id) where state in ('delayed', 'unknown', 'refused', 'bounced') and set_aside_at is null;

-- Who made a comment out of held mail: each page of a ticket asks it of every comment.
create index events_released on events (comment) where kind = 'released';
