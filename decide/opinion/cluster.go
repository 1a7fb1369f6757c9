package opinion

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
)

// clustering is one way to divide points into k groups.
type clustering struct {
	centres []xy
	labels  []uint8 // by point
	sizes   []int   // points of each centre, as of the last move
}

const (
	restarts  = 20  // of k-means, from different seeds
	maxLloyd  = 300 // rounds of one run
	kmeansKey = 1   // seeds the choice of first centres
)

// minGroup is the least size of a group. One person with unusual answers, or
// two, are no group of opinion, however far off they stand; and of two, each
// could tell the other's answers from the group's (the threshold of three is
// that of official statistics).
const minGroup = 3

// kmeans divides points into k groups: of several runs the one with the least
// sum of squared distances, among those whose groups all have minGroup members
// if there are any. Of very many points the runs take a sample, and all points
// join the best. The choice of first centres (half of the time k-means++,
// Arthur and Vassilvitskii 2007; half of the time any k points, which are less
// drawn to points far off) is seeded and goes by where the points lie, not by
// the order in which they come.
func kmeans(points []xy, k int) clustering {
	order := slices.Clone(points)
	slices.SortFunc(order, func(a, b xy) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	sample := order
	if len(order) > maxPairs {
		sample = make([]xy, samplePairs)
		for i := range sample {
			sample[i] = order[i*len(order)/samplePairs]
		}
	}
	chance := rand.New(rand.NewPCG(kmeansKey, uint64(k)))
	var best clustering
	for i := range restarts {
		seeds := anyPoints
		if i%2 == 0 {
			seeds = plusPlus
		}
		c := lloyd(sample, seeds(sample, k, chance))
		if i == 0 || c.betterThan(best, sample) {
			best = c
		}
	}
	return lloyd(points, best.centres)
}

func (c *clustering) betterThan(other clustering, points []xy) bool {
	if a, b := c.whole(), other.whole(); a != b {
		return a
	}
	return c.inertia(points) < other.inertia(points)*(1-1e-12)
}

// whole says whether every group has minGroup members.
func (c *clustering) whole() bool { return slices.Min(c.sizes) >= minGroup }

// anyPoints chooses k points, distinct ones if they are soon found.
func anyPoints(points []xy, k int, chance *rand.Rand) []xy {
	var centres []xy
	for range 100 * k {
		if len(centres) == k {
			break
		}
		if p := points[chance.IntN(len(points))]; !slices.Contains(centres, p) {
			centres = append(centres, p)
		}
	}
	return centres
}

// plusPlus chooses k of the points, each with a probability proportional to
// its squared distance from those already chosen.
func plusPlus(points []xy, k int, chance *rand.Rand) []xy {
	centres := []xy{points[chance.IntN(len(points))]}
	nearest := make([]float64, len(points))
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	for len(centres) < k {
		var sum float64
		for i, p := range points {
			nearest[i] = min(nearest[i], p.distance2(centres[len(centres)-1]))
			sum += nearest[i]
		}
		left := chance.Float64() * sum
		chosen := -1
		for i, d := range nearest {
			if d > 0 {
				chosen = i
				if left -= d; left <= 0 {
					break
				}
			}
		}
		if chosen < 0 {
			break // fewer distinct points than k
		}
		centres = append(centres, points[chosen])
	}
	return centres
}

// lloyd moves centres to the means of the points nearest to them until no
// point changes its centre.
func lloyd(points, centres []xy) clustering {
	c := clustering{centres: slices.Clone(centres), labels: make([]uint8, len(points))}
	for i := range c.labels {
		c.labels[i] = math.MaxUint8
	}
	c.settle(points)
	return c
}

func (c *clustering) settle(points []xy) {
	for range maxLloyd {
		if !c.assign(points) {
			break
		}
		c.move(points)
	}
}

// moved is the clustering after its points have moved a little.
func (c *clustering) moved(points []xy) clustering {
	m := clustering{centres: slices.Clone(c.centres), labels: slices.Clone(c.labels)}
	m.move(points)
	m.settle(points)
	return m
}

// inertia is the sum of squared distances of points to their centres.
func (c *clustering) inertia(points []xy) (sum float64) {
	for i, p := range points {
		sum += p.distance2(c.centres[c.labels[i]])
	}
	return sum
}

// assign gives each point to the centre nearest to it, the first of several,
// and reports whether any point changed.
func (c *clustering) assign(points []xy) bool {
	var changed atomic.Bool
	inParallel(len(points), 8192, func(from, to int) {
		centres, labels, some := c.centres, c.labels[from:to], false
		for i, p := range points[from:to] {
			label, nearest := 0, math.Inf(1)
			for j := range centres {
				dx, dy := p.x-centres[j].x, p.y-centres[j].y
				if d := dx*dx + dy*dy; d < nearest {
					label, nearest = j, d
				}
			}
			if labels[i] != uint8(label) {
				labels[i] = uint8(label)
				some = true
			}
		}
		if some {
			changed.Store(true)
		}
	})
	return changed.Load()
}

// move puts each centre at the mean of its points, and a centre that has none
// at the point farthest from its own centre.
func (c *clustering) move(points []xy) {
	sums, sizes := make([]xy, len(c.centres)), make([]int, len(c.centres))
	for i, p := range points {
		l := c.labels[i]
		sums[l].x += p.x
		sums[l].y += p.y
		sizes[l]++
	}
	c.sizes = sizes
	for j, n := range sizes {
		if n > 0 {
			c.centres[j] = xy{sums[j].x / float64(n), sums[j].y / float64(n)}
			continue
		}
		far, farthest := 0, -1.0
		for i, p := range points {
			if d := p.distance2(c.centres[c.labels[i]]); d > farthest {
				far, farthest = i, d
			}
		}
		c.centres[j] = points[far]
	}
}

// order numbers the groups by size, greatest first, then by place, and returns
// the new number of each.
func (c *clustering) order() []uint8 {
	byRank := make([]int, len(c.centres))
	for i := range byRank {
		byRank[i] = i
	}
	slices.SortStableFunc(byRank, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.sizes[b], c.sizes[a]),
			cmp.Compare(c.centres[a].x, c.centres[b].x), cmp.Compare(c.centres[a].y, c.centres[b].y))
	})
	rank := make([]uint8, len(byRank))
	centres, sizes := make([]xy, len(byRank)), make([]int, len(byRank))
	for to, from := range byRank {
		rank[from] = uint8(to)
		centres[to], sizes[to] = c.centres[from], c.sizes[from]
	}
	if !slices.IsSorted(rank) {
		for i, l := range c.labels {
			c.labels[i] = rank[l]
		}
	}
	c.centres, c.sizes = centres, sizes
	return rank
}

// distinct counts distinct points, up to limit.
func distinct(points []xy, limit int) int {
	seen := make([]xy, 0, limit)
	for _, p := range points {
		if len(seen) == limit {
			break
		}
		if !slices.Contains(seen, p) {
			seen = append(seen, p)
		}
	}
	return len(seen)
}

// What takes the distance of every point to every other does so up to
// maxPairs points; above, an evenly spaced sample stands for all.
const (
	maxPairs    = 2048
	samplePairs = 1000
)

// fit is a mean silhouette and its standard error.
type fit struct{ mean, err float64 }

// silhouettes returns, for each of several clusterings of the same points, the
// mean over the points of (b-a)/max(a,b), where a is a point's mean distance to
// the others of its group and b that to the nearest other group (Rousseeuw
// 1987); a point alone in its group counts 0. It also returns how many points
// were looked at.
func silhouettes(points []xy, labelings [][]uint8) ([]fit, int) {
	pick := evenly(len(points))
	// Points that no clustering tells apart lie side by side, so that their
	// distances to a point are summed once for all clusterings.
	joint := func(i int) (key uint64) {
		for _, labels := range labelings {
			key = key<<8 | uint64(labels[i])
		}
		return key
	}
	slices.SortStableFunc(pick, func(a, b int) int { return cmp.Compare(joint(a), joint(b)) })
	at := make([]xy, len(pick))
	var cells []int // where the next cell of points begins
	for i, p := range pick {
		at[i] = points[p]
		if i == 0 || joint(p) != joint(pick[i-1]) {
			cells = append(cells, i)
		}
	}
	values := make([][]float64, len(labelings))
	for l := range values {
		values[l] = make([]float64, len(pick))
	}
	sizes := make([][MaxK]int, len(labelings))
	for l, labels := range labelings {
		for _, p := range pick {
			sizes[l][labels[p]]++
		}
	}
	sums := cellDistances(at, cells)
	for i := range pick {
		for l, labels := range labelings {
			var byLabel [MaxK]float64
			for c, first := range cells {
				byLabel[labels[pick[first]]] += sums[c][i]
			}
			values[l][i] = silhouette(byLabel[:], sizes[l][:], labels[pick[i]])
		}
	}
	fits := make([]fit, len(labelings))
	for l := range fits {
		fits[l] = meanAndError(values[l])
	}
	return fits, len(pick)
}

func evenly(n int) []int {
	m := n
	if n > maxPairs {
		m = samplePairs
	}
	pick := make([]int, m)
	for i := range pick {
		pick[i] = i * n / m
	}
	return pick
}

// strips is into how many parts cellDistances divides its work: a fixed number,
// so that sums are added in the same order on every machine.
const strips = 8

// cellDistances sums, for each cell of points, the distances of its points to
// every point: [cell][point]. cells holds where each begins. A distance is
// taken once for both of its ends.
func cellDistances(at []xy, cells []int) [][]float64 {
	var parts [strips][][]float64
	inParallel(strips, 1, func(from, to int) {
		for s := from; s < to; s++ {
			parts[s] = make([][]float64, len(cells))
			for c := range cells {
				parts[s][c] = make([]float64, len(at))
			}
			for c, first := range cells {
				for i := first + s; i < endOf(cells, c, len(at)); i += strips {
					distancesBeyond(parts[s], at, cells, c, i)
				}
			}
		}
	})
	sums := parts[0]
	for _, part := range parts[1:] {
		for c := range sums {
			axpy(sums[c], 1, part[c])
		}
	}
	return sums
}

func endOf(cells []int, c, n int) int {
	if c+1 < len(cells) {
		return cells[c+1]
	}
	return n
}

// distancesBeyond adds the distances of point i, which is of cell own, to the
// points after it, to their sums and to its own.
func distancesBeyond(sums [][]float64, at []xy, cells []int, own, i int) {
	p := at[i]
	for c := own; c < len(cells); c++ {
		first, end := max(cells[c], i+1), endOf(cells, c, len(at))
		others, theirs := at[first:end], sums[own][first:end]
		var sum float64
		for j, q := range others {
			d := math.Sqrt(p.distance2(q))
			theirs[j] += d
			sum += d
		}
		sums[c][i] += sum
	}
}

func silhouette(distances []float64, sizes []int, own uint8) float64 {
	if sizes[own] < 2 {
		return 0
	}
	a := distances[own] / float64(sizes[own]-1)
	b := math.Inf(1)
	for l, n := range sizes {
		if n > 0 && l != int(own) {
			b = min(b, distances[l]/float64(n))
		}
	}
	if greater := max(a, b); greater > 0 && !math.IsInf(b, 1) {
		return (b - a) / greater
	}
	return 0
}

func meanAndError(values []float64) fit {
	n := float64(len(values))
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	mean := sum / n
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return fit{mean, math.Sqrt(squares/max(1, n-1)) / math.Sqrt(n)}
}

// AdjustedRand compares two ways of dividing the same things into groups: 1 if
// they are the same, about 0 if they agree no more than chance would have it
// (Hubert and Arabie 1985). a and b hold the group of each thing.
func AdjustedRand(a, b []int) float64 {
	type pair struct{ a, b int }
	both, as, bs := map[pair]int{}, map[int]int{}, map[int]int{}
	for i := range a {
		both[pair{a[i], b[i]}]++
		as[a[i]]++
		bs[b[i]]++
	}
	pairs := func(n int) float64 { return float64(n) * float64(n-1) / 2 }
	var index, inA, inB float64 // sums of whole numbers: their order does not matter
	for _, n := range both {
		index += pairs(n)
	}
	for _, n := range as {
		inA += pairs(n)
	}
	for _, n := range bs {
		inB += pairs(n)
	}
	all := pairs(len(a))
	if all == 0 {
		return 1
	}
	expected, greatest := inA*inB/all, (inA+inB)/2
	if greatest == expected {
		return 1
	}
	return (index - expected) / (greatest - expected)
}
