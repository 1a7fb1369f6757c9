-- +goose Up

-- Who has read what is seen by whom, and needs not be told again. Private.
create table explained (
    person text primary key,
    at     bigint not null
);

-- +goose Down
drop table explained;
