-- What the desk wrote by itself and was not sent leaves the list when it is old: each page counts what is left, without going through a
-- year of refusals.
create index deliveries_not_sent_lately on deliveries (settled_at) where state in ('delayed', 'unknown', 'refused', 'bounced') and set_aside_at is null and rank <> 0;
