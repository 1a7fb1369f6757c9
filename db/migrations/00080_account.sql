-- +goose Up

-- What opens an account beside its password. Private. Of each secret only its
-- hash is kept.
create table recovery_code (
    id     text primary key,
    person text not null,
    code   bytea not null unique,    -- SHA-256 of what was printed
    made   bigint not null,
    used   bigint not null           -- 0 until then; never again
);
create index recovery_code_person on recovery_code (person);

-- Tokens with which a person's programs call the API.
create table personal_token (
    id      text primary key,
    token   bytea not null unique,   -- SHA-256 of what was shown
    person  text not null,
    name    text not null,
    writes  boolean not null,        -- or reads alone
    stream  text not null,           -- the one place it is for; '' for all of the person's
    created bigint not null,
    expires bigint not null,
    seen    bigint not null          -- 0 until used; to the hour
);
create index personal_token_person on personal_token (person);

-- +goose Down
drop table personal_token;
drop table recovery_code;
