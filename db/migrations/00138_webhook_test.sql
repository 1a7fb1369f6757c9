-- +goose Up

-- When tests were sent to a place's addresses, and by whom: kept an hour, also when
-- the address goes, so that adding it again gives no new tests. Private.
create table webhook_test (
    id      text primary key,
    stream  text not null,
    person  text not null,
    created bigint not null
);
create index webhook_test_stream on webhook_test (stream, created);
create index webhook_test_person on webhook_test (person, created);

-- +goose Down
drop table webhook_test;
