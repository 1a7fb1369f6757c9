-- +goose Up

-- Private: members only, and who has tonight's link.
create table room_code (             -- opens one proposal to the people in a room, for an evening
    proposal text primary key,
    secret   text not null unique,   -- kept as it is: the wall shows it again; it ends within hours
    opened   bigint not null,
    expires  bigint not null
);

create table room_answer (           -- one light answer a browser; a draft that nothing counts
    id       text primary key,
    proposal text not null,
    browser  text not null,          -- hash of a random word in the browser's cookie and the proposal
    kind     text not null,          -- agree, concern, objection
    body     text not null,
    created  bigint not null
);
create unique index room_answer_browser on room_answer (proposal, browser);

create table proposal_change (       -- how often anything about a place's proposals changed
    stream text primary key,
    n      bigint not null
);

-- +goose Down
drop table proposal_change;
drop table room_answer;
drop table room_code;
