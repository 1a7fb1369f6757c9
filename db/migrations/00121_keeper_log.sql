-- +goose Up

-- What keepers of a place did to others, for its members. Nothing in it is ever
-- changed or taken out. It holds no names: who is called what stands with the
-- accounts, so that erasing one leaves the entry. Private.
create table keeper_log (
    id     text primary key,
    stream text not null,
    at     bigint not null,
    who    text not null,            -- the keeper
    deed   text not null,
    whom   text not null,            -- a person, or ''
    what   text not null,            -- a role, a host, a kind of thing, …
    reason text not null
);
create index keeper_log_stream on keeper_log (stream, at);

-- +goose Down
drop table keeper_log;
