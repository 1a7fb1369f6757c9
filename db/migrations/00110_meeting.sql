-- +goose Up

-- Meetings of a place. Private, and so is the page about one that a keeper made
-- public: it is shown by this node and sent to nobody.
create table place_meeting (
    id          text primary key,
    stream      text not null,
    title       text not null,
    day         text not null,      -- YYYY-MM-DD, on the wall where it is held
    begins      text not null,      -- HH:MM
    ends        text not null,      -- HH:MM; earlier than begins: on the day after
    zone        text not null,      -- IANA name
    at          bigint not null,    -- begins, in microseconds, for the order alone
    venue       text not null,
    link        text not null,      -- to join from elsewhere
    access      text not null,
    childcare   text not null,
    languages   text not null,
    agenda      text not null,      -- JSON
    note        text not null,      -- what came of it
    public      boolean not null,
    public_link boolean not null,   -- of a public one: strangers see the link
    public_note boolean not null,   -- and what came of it
    called_off  boolean not null,
    rev         bigint not null,
    made        bigint not null
);
create index place_meeting_at on place_meeting (stream, at);

create table place_meeting_role (
    meeting text not null,
    role    text not null,
    person  text not null,
    since   bigint not null,        -- of the membership: the role ends with it
    primary key (meeting, role)
);

create table place_meeting_link (   -- what opens a place's meetings to a calendar program
    token   bytea primary key,      -- SHA-256
    stream  text not null,
    person  text not null,
    since   bigint not null,        -- of the membership: the link ends with it
    expires bigint not null
);
create index place_meeting_link_person on place_meeting_link (stream, person);

-- +goose Down
drop table place_meeting_link;
drop table place_meeting_role;
drop table place_meeting;
