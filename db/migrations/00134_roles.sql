-- +goose Up

-- The text that a steward looks after; '' of a role for the whole place.
alter table mandate add column scope text not null default '';

-- Who opened a room for tonight can go on in it, whatever ends meanwhile.
alter table room_code add column opened_by text not null default '';

-- +goose Down
alter table room_code drop column opened_by;
alter table mandate drop column scope;
