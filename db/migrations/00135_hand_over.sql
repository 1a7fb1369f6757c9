-- +goose Up

-- Who holds which keys of a place, in words of its keepers, and for them alone. Private.
create table key_note (
    stream text primary key,
    words  text not null,
    at     bigint not null
);

-- +goose Down
drop table key_note;
