-- +goose Up

-- A secret address of a calendar ends with the membership under which it was made,
-- and after a year. When those made before began nobody knows: they end now.
delete from calendar_link;
alter table calendar_link add column since bigint not null default 0;
alter table calendar_link add column expires bigint not null default 0;
create index calendar_link_person on calendar_link (stream, person);

-- +goose Down
drop index calendar_link_person;
alter table calendar_link drop column expires;
alter table calendar_link drop column since;
