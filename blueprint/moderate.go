package blueprint

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/moderate"
	"translocal/place"
)

// FindTalk finds what was said about a suggestion, for who can read it; it is a
// moderate.Finder. Who of a place said it is not known.
func (b *Blueprints) FindTalk(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, id string) (moderate.Thing, error) {
	if err := place.May(ctx, on, v, stream, place.ReadSuggestions, place.Any); err != nil {
		return moderate.Thing{}, err
	}
	row, err := talkByID.One(ctx, on, stream, id)
	return moderate.Thing{Kind: moderate.Talk, ID: id, Stream: stream, Said: row.Body, At: "suggestion?id=" + row.Suggestion}, err
}

// FindText finds a published version by its URL; it is a moderate.Finder. Those
// of a place of ours are its keepers' to judge, those of others the site's.
func (b *Blueprints) FindText(ctx context.Context, on db.Queryer, v place.Viewer, _ act.Fingerprint, url string) (moderate.Thing, error) {
	list, err := headsByURL.All(ctx, on, url)
	if err != nil {
		return moderate.Thing{}, err
	}
	if len(list) == 0 {
		return moderate.Thing{}, db.ErrNoRow
	}
	h := list[0]
	if err := place.May(ctx, on, v, h.Stream, place.ReadBlueprint, place.Any); err != nil {
		return moderate.Thing{}, err
	}
	t := moderate.Thing{Kind: moderate.Text, ID: h.ID, At: h.ID}
	own, err := isOwn.One(ctx, on, h.Stream)
	if err != nil {
		return t, err
	}
	if own {
		t.Stream = h.Stream
	}
	named, err := titles(ctx, on, list[:1])
	if err == nil {
		t.Said = named[0].Title
	}
	return t, err
}

// whyHidden is why this node does not show a version, "" while it does. What is
// hidden reads as if it were erased, wherever it is read; its acts stay as they are.
var whyHidden = db.Rows[string](`select reason from hidden where kind = 'text' and thing = $1 limit 1`)
