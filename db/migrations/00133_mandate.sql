-- +goose Up

-- Who does what for a place, for what and until when. Private. Those that ended
-- stay, so that nothing that ended begins again.
create table mandate (
    id       text primary key,
    stream   text not null,
    person   text not null,
    role     text not null,
    aim      text not null,
    since    bigint not null,
    until    bigint not null,
    ended    bigint not null default 0,
    given_by text not null
);
create index mandate_stream on mandate (stream, person);
create index mandate_person on mandate (person);
create index mandate_given_by on mandate (given_by);

-- +goose Down
drop table mandate;
