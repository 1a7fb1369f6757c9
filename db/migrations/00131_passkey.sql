-- +goose Up

-- Keys with which people sign in beside their password. Private. What is kept of
-- a key is public: nobody signs in with it.
create table passkey (
    id         text primary key,
    credential bytea not null unique, -- how the device knows the key
    person     text not null,
    host       text not null,         -- where browsers offer it
    name       text not null,
    public_key bytea not null,        -- COSE
    flags      bigint not null,       -- as the device told: whether the key can be copied to others
    counter    bigint not null,       -- how often the device has signed; 0 where it does not count
    created    bigint not null,
    used       bigint not null,       -- 0 until then
    stopped    bigint not null        -- when the counter went back; 0 for a key that opens
);
create index passkey_person on passkey (person);

-- What a browser was asked to sign, until it answers: once, within five minutes.
create table passkey_challenge (
    bound   bytea primary key,        -- SHA-256 of what the browser that began holds
    person  text not null,            -- who adds a key; '' of a sign-in
    name    text not null,            -- of the key to add
    asked   text not null,            -- JSON
    expires bigint not null
);

-- +goose Down
drop table passkey_challenge;
drop table passkey;
