package blueprint

import (
	"cmp"
	"context"
	"slices"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

// A Node of a lineage is one blueprint of one place.
type Node struct {
	Key
	Depth     int    // below the root of the tree
	Parent    int    // index in the lineage of what it came from first, -1 for a root
	Kind      string // how it came from there: adapted, merged, translates
	Also      []int  // indexes of others that it took something from later
	Known     bool   // its versions are here
	Newest    Head   // its newest version, if known
	Title     string
	Place     PlaceName
	Languages []string
	Model     string // for a text of the library; Key is empty then
}

// Lineage is where a blueprint came from and what came from it, as far as it is known here: a
// parent stands before its children.
type Lineage struct {
	Nodes []Node
	At    int // index of the blueprint that was asked for
	More  bool
}

// maxLineage is how many blueprints a lineage shows.
const maxLineage = 1000

type edge struct {
	Stream    act.Fingerprint // of the child
	Blueprint string
	Kind      string
	Parent    string
	InStream  act.Fingerprint
	Model     string
	Language  string
	At        int64
}

const edgeColumns = `v.stream, v.blueprint, p.kind, p.blueprint, p.in_stream, p.model, p.language, v.published
	from blueprint_parent p join blueprint_version v on v.stream = p.stream and v.id = p.version `

var (
	edgesUp    = db.Rows[edge](`select ` + edgeColumns + `where v.stream = $1 and v.blueprint = $2 and (p.blueprint <> $2 or p.in_stream <> $1) order by v.n, p.n`)
	edgesDown  = db.Rows[edge](`select ` + edgeColumns + `where p.blueprint = $2 and p.in_stream = $1 and (v.blueprint <> $2 or v.stream <> $1) order by v.published, v.stream, v.id`)
	edgesModel = db.Rows[edge](`select ` + edgeColumns + `where p.model = $1 order by v.published, v.stream, v.id`)
)

// Lineage reads the tree that a blueprint belongs to.
func (b *Blueprints) Lineage(ctx context.Context, v place.Viewer, k Key) (*Lineage, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, k.Stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	root, err := rootOf(ctx, on, k)
	if err != nil {
		return nil, err
	}
	l := &Lineage{Nodes: []Node{root}}
	at := map[Key]int{root.Key: 0}
	for i := 0; i < len(l.Nodes); i++ { // breadth first; Nodes grows
		list, err := below(ctx, on, l.Nodes[i])
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			child := Key{e.Stream, e.Blueprint}
			if j, seen := at[child]; seen {
				if j != i && l.Nodes[j].Parent != i && !slices.Contains(l.Nodes[j].Also, i) {
					l.Nodes[j].Also = append(l.Nodes[j].Also, i)
				}
				continue
			}
			if len(l.Nodes) >= maxLineage {
				l.More = true
				continue
			}
			at[child] = len(l.Nodes)
			l.Nodes = append(l.Nodes, Node{Key: child, Depth: l.Nodes[i].Depth + 1, Parent: i, Kind: e.Kind})
		}
	}
	if err := describeNodes(ctx, on, l.Nodes); err != nil {
		return nil, err
	}
	l.At = at[k]
	return l, nil
}

func below(ctx context.Context, on db.Queryer, n Node) ([]edge, error) {
	if n.Model != "" {
		return edgesModel.All(ctx, on, n.Model)
	}
	return edgesDown.All(ctx, on, n.Stream, n.ID)
}

// rootOf follows the first origin of each blueprint upwards.
func rootOf(ctx context.Context, on db.Queryer, k Key) (Node, error) {
	n := Node{Key: k, Parent: -1}
	seen := map[Key]bool{}
	for !seen[n.Key] && len(seen) < maxAncestors {
		seen[n.Key] = true
		list, err := edgesUp.All(ctx, on, n.Stream, n.ID)
		if err != nil || len(list) == 0 {
			return n, err
		}
		e := list[0]
		if e.Model != "" {
			return Node{Model: e.Model, Title: e.Model, Known: true, Parent: -1, Languages: []string{e.Language}}, nil
		}
		n.Key = Key{e.InStream, e.Parent}
	}
	return n, nil
}

func describeNodes(ctx context.Context, on db.Queryer, nodes []Node) error {
	for i := range nodes {
		n := &nodes[i]
		if n.Model != "" {
			continue
		}
		heads, err := newestOf.All(ctx, on, n.Stream, n.ID)
		if err != nil {
			return err
		}
		n.Place = PlaceName{Stream: n.Stream}
		if n.Place.URL, err = act.ActorOf(n.ID); err != nil {
			n.Place.URL = ""
		}
		if len(heads) == 0 {
			continue // only heard of: the place is not followed here
		}
		n.Known, n.Newest, n.Place = true, heads[len(heads)-1], heads[0].Place()
		for _, h := range heads {
			n.Languages = append(n.Languages, h.Language)
		}
		t, err := titles(ctx, on, []Head{n.Newest})
		if err != nil {
			return err
		}
		n.Title = t[0].Title
	}
	return nil
}

// Adaptations counts the blueprints known here that came from one directly.
func (b *Blueprints) Adaptations(ctx context.Context, k Key) (int, error) {
	list, err := edgesDown.All(ctx, b.log.DB(), k.Stream, k.ID)
	seen := map[Key]bool{}
	for _, e := range list {
		seen[Key{e.Stream, e.Blueprint}] = true
	}
	return len(seen), err
}

// A Move is a newer version of something that a blueprint of ours came from, or that came from it.
type Move struct {
	Title
	Source bool // ours came from it; else it came from ours
}

// Moves lists what could be brought into a version: newer versions, in its language, of the
// blueprints that it came from or brought in before, and of those that came from it.
func (b *Blueprints) Moves(ctx context.Context, v place.Viewer, k VersionKey) ([]Move, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, k.Stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	h, err := b.newest(ctx, on, k)
	if err != nil {
		return nil, err
	}
	reach := map[string]bool{}
	sources := map[Key]bool{}
	if err := ancestors(ctx, on, parentOf(h, Adapted), func(p Parent) bool {
		reach[p.key()] = true
		if p.Version != nil && (p.Version.Stream != h.Stream || p.Blueprint != h.Blueprint) {
			sources[Key{p.Version.Stream, p.Blueprint}] = true
		}
		return false
	}); err != nil {
		return nil, err
	}
	down, err := edgesDown.All(ctx, on, h.Stream, h.Blueprint)
	if err != nil {
		return nil, err
	}
	order := []Key{}
	for s := range sources {
		order = append(order, s)
	}
	for _, e := range down {
		if x := (Key{e.Stream, e.Blueprint}); !sources[x] && !slices.Contains(order, x) {
			order = append(order, x)
		}
	}
	var out []Move
	for _, s := range order {
		heads, err := newestOf.All(ctx, on, s.Stream, s.ID)
		if err != nil {
			return nil, err
		}
		for _, x := range heads {
			if x.Language != h.Language || reach[parentOf(x, Adapted).key()] {
				continue
			}
			t, err := titles(ctx, on, []Head{x})
			if err != nil {
				return nil, err
			}
			out = append(out, Move{t[0], sources[s]})
		}
	}
	slices.SortFunc(out, func(x, y Move) int { return cmp.Compare(y.At, x.At) })
	return out, nil
}

var (
	holding = db.Rows[Head](`select ` + headColumns + headFrom + `join blueprint_head h on h.stream = v.stream and h.version = v.id
		join blueprint_clause c on c.stream = v.stream and c.version = v.id where c.clause = $1 order by v.published desc, v.id limit 200`)
	// A clause in common is what makes two texts relatives.
	related = db.Rows[Head](`select ` + headColumns + headFrom + `join blueprint_head h on h.stream = v.stream and h.version = v.id
		where h.stream = $1 and exists (select 1 from blueprint_clause x join blueprint_clause y on y.clause = x.clause
			where x.stream = v.stream and x.version = v.id and y.stream = $2 and y.version = $3) order by v.published desc, v.id`)
)

// Holding lists the newest versions known here that hold a clause, newest first.
func (b *Blueprints) Holding(ctx context.Context, v place.Viewer, clause string) ([]Title, error) {
	list, err := holding.All(ctx, b.log.DB(), clause)
	if err != nil {
		return nil, err
	}
	return titles(ctx, b.log.DB(), list)
}

// Related lists the newest versions of a place that have clauses in common with a version.
func (b *Blueprints) Related(ctx context.Context, v place.Viewer, stream act.Fingerprint, with *Version) ([]Title, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	list, err := related.All(ctx, on, stream, with.Stream, with.ID)
	if err != nil {
		return nil, err
	}
	return titles(ctx, on, list)
}
