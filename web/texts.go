package web

import (
	"context"
	"sync"

	"translocal/act"
	"translocal/blueprint"
	"translocal/blueprint/check"
	"translocal/fault"
	"translocal/place"
)

// texts holds what places published and strangers may read, made ready to be found and to be compared with. It looks before
// each use whether a stream has moved, and reads only what did.
type texts struct {
	mu     sync.Mutex
	change int64 // grows when the list does not stay the same; 0: nothing was read yet
	stamp  act.Stamp
	hidden string // what this node does not show
	by     map[blueprint.VersionKey]listedText
	list   []listedText // as Public lists them
}

// listedText is one of them; it doesn't change.
type listedText struct {
	listed  blueprint.Listed
	found   []*finding
	compare *check.Text // nil where strangers may not read it
}

// publicTexts gives the texts as of now, and a number that is the same as long as they are.
func (s *Server) publicTexts(ctx context.Context) ([]listedText, int64, error) {
	x := &s.texts
	stamp, err := s.Log.Stamp(ctx)
	if err != nil {
		return nil, 0, err
	}
	hidden, err := s.moderation.Moved(ctx)
	if err != nil {
		return nil, 0, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.change > 0 && x.stamp == stamp && x.hidden == hidden {
		return x.list, x.change, nil
	}
	before := x.by
	if x.hidden != hidden { // a text may read otherwise, though it stands as it did
		before = nil
	}
	heads, err := s.Blueprints.Public(ctx)
	if err != nil {
		return nil, 0, err
	}
	by, list := make(map[blueprint.VersionKey]listedText, len(heads)), make([]listedText, 0, len(heads))
	same := before != nil && len(heads) == len(before)
	for _, h := range heads {
		t, ok := before[h.VersionKey]
		if !ok || t.listed != h {
			if t, err = s.readAsStranger(ctx, h); err != nil {
				return nil, 0, err
			}
			same = false
		}
		by[h.VersionKey] = t
		list = append(list, t)
	}
	if !same {
		x.change++
	}
	x.stamp, x.hidden, x.by, x.list = stamp, hidden, by, list
	return x.list, x.change, nil
}

// readAsStranger reads a text as anybody may: nobody finds more, and nobody's draft is compared with more.
func (s *Server) readAsStranger(ctx context.Context, h blueprint.Listed) (listedText, error) {
	v, err := s.Blueprints.Read(ctx, place.Viewer{}, h.VersionKey)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) || fault.Is(err, fault.SignIn) {
		return listedText{listed: h}, nil
	}
	if err != nil {
		return listedText{}, err
	}
	return listedText{h, s.textFindings(h, v), s.checkText(h, v)}, nil
}
