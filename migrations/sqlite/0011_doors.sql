-- Trying a mailbox out, and meeting it: what lay in its folder when it was first met, and what is to be taken of that.
alter table mailboxes add column there integer;             -- messages in it then; null: not met, or before this was kept
alter table mailboxes add column there_unread integer;      -- of these, not read by anybody; null: the server does not say
alter table mailboxes add column there_first integer;       -- when the first and the last of them came; null: as above
alter table mailboxes add column there_last integer;
alter table mailboxes add column existing text;             -- ask (an admin's word is waited for) | none | unseen | all
alter table mailboxes add column existing_by integer references people (id); -- whose word; null: the configuration's, or the shell's
alter table mailboxes add column existing_done_at integer;  -- null: not taken yet

-- The page of mail: what would have been sent, had its mailbox not been in shadow mode; newest first.
create index deliveries_withheld on deliveries (id) where state = 'withheld';
