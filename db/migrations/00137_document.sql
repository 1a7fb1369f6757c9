-- +goose Up

-- Public: what was attached to what an authority did. The bytes lie beside the
-- database, under their hash.
create table deed_document (
    stream text not null,
    id     text not null,     -- URL
    deed   text not null,     -- URL, of the same stream
    sha256 text not null,     -- hexadecimal
    size   bigint not null,   -- bytes
    media  text not null,
    idx    bigint not null,   -- of the act, with its parts "name" and "description"
    primary key (stream, id)
);
create index deed_document_deed on deed_document (stream, deed);
create index deed_document_sha256 on deed_document (sha256);

-- Private: what a keeper put in and has not published, for a day.
create table document_draft (
    id          text primary key,
    stream      text not null,
    bringing    text not null,
    deed        text not null,
    person      text not null,
    name        text not null,
    description text not null,
    sha256      text not null,
    size        bigint not null,
    media       text not null,
    created     bigint not null
);
create index document_draft_sha256 on document_draft (sha256);

-- +goose Down
drop table document_draft;
drop table deed_document;
