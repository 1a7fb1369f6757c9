-- +goose Up

-- Who belongs to a place now: whom it blocked is as a stranger to it. What asks
-- who somebody is to a place asks this, and never membership alone.
create view belongs as
    select m.stream, m.person, m.role, m.since, m.way from membership m
    where not exists (select 1 from person_block b where b.stream = m.stream and b.person = m.person);

-- When people came through an open door, without who: for its limit. Private.
create table open_join (
    id     text primary key,
    stream text not null,
    at     bigint not null
);
create index open_join_stream on open_join (stream, at);

-- How many reports a queue took: writers wait for each other at it. Private.
create table report_queue (
    stream text primary key,
    n      bigint not null
);

-- Who asks to come in with an account; '' without one and once it is answered.
alter table entry_request add column person text not null default '';
create index entry_request_person on entry_request (person);

-- +goose Down
drop index entry_request_person;
alter table entry_request drop column person;
drop table report_queue;
drop table open_join;
drop view belongs;
