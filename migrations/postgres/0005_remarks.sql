-- What reading a message came to, for the conversation to say beside it (desk/message.rs).
alter table messages add column encrypted text;     -- openpgp | s-mime | rights; null: it is not, or it was decided before this was kept
alter table messages add column warnings text;      -- JSON: sentences, what was broken, guessed or left out; null: nothing was, or as above
