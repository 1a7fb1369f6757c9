-- +goose Up

-- What somebody told the keepers of a place of a clause, unasked: private, until a keeper
-- passes it on, makes a warning of it or dismisses it, or half a year is over.
create table blueprint_told (
    id         text primary key,
    stream     text not null,        -- our place, whose keepers read it
    at         bigint not null,
    clause     text not null,        -- its id, '' where none is known
    version    text not null,        -- URL of a version that holds it, '' where none is known
    in_stream  text not null,        -- whose version that is, or ''
    submission text not null,        -- that brought it, '' of what was told here
    from_actor text not null,        -- the place that passed it on, or ''
    body       text not null         -- JSON: what was told
);
create index blueprint_told_of on blueprint_told (stream, at);

-- +goose Down
drop table blueprint_told;
