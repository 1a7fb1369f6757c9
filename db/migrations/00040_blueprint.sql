-- +goose Up

-- Blueprints, as published: a line of versions for each language. What they
-- came from stands in the parents of their first version and never changes.
create table blueprint (
    stream text not null,
    id     text not null,
    idx    bigint not null,          -- of the first version
    first  text not null,            -- id of the first version
    family text not null,            -- of the first version: library id or URL, '' for none
    primary key (stream, id)
);
create index blueprint_family on blueprint (family);

-- Their versions. Texts are parts of the act at idx: title, summary, message,
-- variables, and c/ID for each clause.
create table blueprint_version (
    stream      text not null,
    id          text not null,
    idx         bigint not null,
    leaf        text not null,       -- hash of the act, hex: what references name
    blueprint   text not null,
    n           bigint not null,     -- 1, 2, 3 in its blueprint
    language    text not null,
    published   bigint not null,
    family      text not null,
    institution text not null,
    message     boolean not null,    -- there is a part "message"
    primary key (stream, id)
);
create index blueprint_version_of on blueprint_version (stream, blueprint, n);
create index blueprint_version_url on blueprint_version (id);

-- The newest version of a blueprint in each of its languages.
create table blueprint_head (
    stream    text not null,
    blueprint text not null,
    language  text not null,
    version   text not null,
    primary key (stream, blueprint, language)
);

-- What a version came from: kind previous, adapted, merged or translates.
-- The parent is a version (url, in_stream, act) of a blueprint, or a text of
-- the library (model, its language and hash).
create table blueprint_parent (
    stream    text not null,
    version   text not null,
    n         bigint not null,
    kind      text not null,
    blueprint text not null,
    url       text not null,
    in_stream text not null,
    act       text not null,
    model     text not null,
    language  text not null,
    hash      text not null,
    primary key (stream, version, n)
);
create index blueprint_parent_blueprint on blueprint_parent (blueprint, in_stream);
create index blueprint_parent_url on blueprint_parent (url, in_stream);
create index blueprint_parent_model on blueprint_parent (model);

create table blueprint_clause (
    stream  text not null,
    version text not null,
    n       bigint not null,
    clause  text not null,           -- stable across versions and places
    kind    text not null,           -- passage or step
    status  text not null,           -- of a translation: human, checked, machine; else ''
    primary key (stream, version, n)
);
create index blueprint_clause_id on blueprint_clause (clause);

-- The treaties and declarations that a version rests on.
create table blueprint_rest (
    stream     text not null,
    version    text not null,
    n          bigint not null,
    instrument text not null,
    article    text not null,
    primary key (stream, version, n)
);
create index blueprint_rest_instrument on blueprint_rest (instrument);

-- Credits: which place a clause was adapted from, suggested or translated by.
create table blueprint_credit (
    stream     text not null,
    version    text not null,
    n          bigint not null,
    kind       text not null,
    url        text not null,        -- the place
    in_stream  text not null,
    submission text not null,        -- id of the suggestion, '' for none
    clauses    text not null,        -- ids with spaces between
    primary key (stream, version, n)
);

-- Warnings on a clause, wherever it is held. Text, source and where are parts
-- of the act at idx; the reason of a withdrawal is one of the act at withdrawn.
create table blueprint_warning (
    stream    text not null,
    id        text not null,
    idx       bigint not null,
    clause    text not null,
    kind      text not null,         -- struck-down, unfunded, ignored, other
    happened  text not null,         -- a year, month or day: 2020, 2020-02, 2020-02-27; or ''
    source    text not null,         -- URL or ''
    published bigint not null,
    withdrawn bigint not null,       -- index of the act that withdrew it, -1 while it stands
    primary key (stream, id)
);
create index blueprint_warning_clause on blueprint_warning (clause);

-- Drafts are private. A draft belongs to a place, whose members work on it, or
-- to nobody, and then to whoever has its link. body is a JSON document.
create table blueprint_draft (
    id      text primary key,
    secret  bytea not null,          -- SHA-256 of the secret in its link; empty: members only
    stream  text not null,           -- the place, '' for none
    person  text not null,           -- who began it, '' for nobody signed in
    title   text not null,
    rev     bigint not null,
    created bigint not null,
    updated bigint not null,
    expires bigint not null,         -- of one that belongs to nobody; 0: never
    body    text not null
);
create index blueprint_draft_stream on blueprint_draft (stream, updated);
create index blueprint_draft_expires on blueprint_draft (expires);

-- Suggestions, ours and those that we received: between the two places only.
create table blueprint_suggestion (
    id         text not null,        -- of the submission
    stream     text not null,        -- our place
    sent       boolean not null,     -- by our place; else received by it
    other      text not null,        -- URL of the other place
    in_stream  text not null,        -- its stream
    blueprint  text not null,        -- which it is for
    version    text not null,        -- the version that it was made for
    state      text not null,        -- sent, acknowledged, discussing, used, used-in-part, declined, withdrawn
    created    bigint not null,
    changed    bigint not null,
    body       text not null,        -- JSON: the suggestion as sent
    answer     text not null,        -- JSON: the answer, '' while there is none
    primary key (stream, id)
);
create index blueprint_suggestion_of on blueprint_suggestion (stream, sent, changed);

-- What the two places said about a suggestion.
create table blueprint_talk (
    stream     text not null,        -- our place
    id         text not null,        -- of the submission that carried it
    suggestion text not null,
    ours       boolean not null,     -- said by our place
    at         bigint not null,
    body       text not null,
    primary key (stream, id)
);
create index blueprint_talk_of on blueprint_talk (stream, suggestion, at);

-- What moved elsewhere and concerns a blueprint of ours, until somebody saw it.
create table blueprint_notice (
    stream    text not null,         -- our place
    blueprint text not null,         -- ours
    url       text not null,         -- the version or warning that came
    kind      text not null,         -- source, adaptation, warning
    in_stream text not null,
    at        bigint not null,
    primary key (stream, blueprint, url)
);

-- +goose Down
drop table blueprint_notice;
drop table blueprint_talk;
drop table blueprint_suggestion;
drop table blueprint_draft;
drop table blueprint_warning;
drop table blueprint_credit;
drop table blueprint_rest;
drop table blueprint_clause;
drop table blueprint_parent;
drop table blueprint_head;
drop table blueprint_version;
drop table blueprint;
