package place

import (
	"context"
	"encoding/json"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// Description is the object of place.Describe.v1: all that a place says of
// itself, anew each time. Story and living are parts.
type Description struct {
	Kind      string   `json:"kind"`
	Name      string   `json:"name"`
	Names     []Name   `json:"names"`
	What      string   `json:"what"`
	Languages []string `json:"languages"`
	At        *Point   `json:"at,omitempty"`
}

// DescribeType is the type of the act by which a place describes itself.
const DescribeType = "place.Describe.v1"

// Vocabulary is what places add to the acts.
func Vocabulary() act.Vocabulary {
	return act.Vocabulary{
		Types:  []act.Type{act.Define(DescribeType, checkDescribe, applyDescribe)},
		Tables: []act.Table{{Name: "place", Key: []string{"stream"}}},
	}
}

func describe(kind string, p Profile) act.Draft {
	d := act.Draft{Type: DescribeType, Object: Description{Kind: kind, Name: p.Name, Names: orEmpty(p.Names), What: p.What,
		Languages: orEmpty(p.Languages), At: p.At}}
	if p.Story != "" {
		d.Parts = append(d.Parts, act.Text("story", p.Story))
	}
	if p.Living != "" {
		d.Parts = append(d.Parts, act.Text("living", p.Living))
	}
	return d
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// checkDescribe holds what others send to the rules that our own form has.
func checkDescribe(a *act.Act, d *Description) error {
	if d.Kind != "place" && d.Kind != "circle" {
		return fault.At("object.kind", "fault.choice")
	}
	p := Profile{Name: d.Name, Names: d.Names, What: d.What, Languages: d.Languages, At: d.At}
	return p.Clean()
}

var putPlace = db.Exec(`insert into place (stream, id, kind, name, names, what, languages, lat, lon, story, living, idx)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
	on conflict (stream) do update set id = excluded.id, name = excluded.name, names = excluded.names, what = excluded.what,
	languages = excluded.languages, lat = excluded.lat, lon = excluded.lon, story = excluded.story, living = excluded.living, idx = excluded.idx`)

func applyDescribe(ctx context.Context, tx *db.Tx, a *act.Act, d *Description) error {
	names, err := json.Marshal(orEmpty(d.Names))
	if err != nil {
		return err
	}
	languages, err := json.Marshal(orEmpty(d.Languages))
	if err != nil {
		return err
	}
	var lat, lon *int
	if d.At != nil {
		lat, lon = &d.At.Lat, &d.At.Lon
	}
	_, err = putPlace.Run(ctx, tx, a.Stream, a.Actor, d.Kind, d.Name, string(names), d.What, string(languages), lat, lon,
		a.HasPart("story"), a.HasPart("living"), a.Index)
	return err
}
