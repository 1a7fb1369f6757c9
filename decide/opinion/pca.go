package opinion

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// centred gives what a vote adds to its statement's mean, as a table of three
// values for each statement, so that products over votes need no branch.
// A missing vote stands at the mean and adds nothing: the matrix of centred
// votes is as sparse as the votes.
type centred []float64

func newCentred(statements []Statement, mean []float64) centred {
	t := make(centred, 4*len(mean))
	for j, m := range mean {
		if statements[j].Removed {
			continue
		}
		for v := Disagree; v <= Agree; v++ {
			t[newCell(j, v)] = float64(v) - m
		}
	}
	return t
}

// rowProducts multiplies by XᵀX, where X are the centred votes, one row of X
// after the other: time in proportion to the votes, no memory.
type rowProducts struct {
	rows [][]cell
	x    centred
}

func (r rowProducts) multiply(out, v []float64) {
	clear(out)
	for _, row := range r.rows {
		var along float64
		for _, c := range row {
			along += r.x[c] * v[c>>2]
		}
		for _, c := range row {
			out[c>>2] += r.x[c] * along
		}
	}
}

// scatter returns the trace of XᵀX.
func scatter(counts []Count, mean []float64, statements []Statement) float64 {
	var sum float64
	for j, n := range counts {
		if !statements[j].Removed {
			sum += float64(n.Agree+n.Disagree) - float64(n.Votes)*mean[j]*mean[j]
		}
	}
	return sum
}

// symmetric is a positive semidefinite matrix: what [topTwo] needs of it.
type symmetric interface {
	multiply(out, v []float64)
}

const (
	residual  = 1e-9 // of an eigenvector, relative to the greatest eigenvalue
	maxBasis  = 24   // vectors before the space is collapsed to its best
	kept      = 6    // vectors that a collapse keeps
	returned  = 3    // vectors that serve the next time
	maxRounds = 400  // two products each
)

// topTwo returns the two greatest eigenvalues of an n × n matrix and their
// unit eigenvectors, zero where there are none. It looks for them in a space
// that it widens by what the best so far still lack (their residuals), which
// is the block Lanczos method; near is a space that may hold them already, as
// that of the last map does, and the new space is returned for the next time.
func topTwo(m symmetric, n int, near [][]float64) (values [2]float64, vectors [2][]float64, space [][]float64) {
	k := &krylov{matrix: m, n: n}
	start := kept
	for _, v := range near {
		k.widen(v)
		start = returned
	}
	chance := rand.New(rand.NewPCG(1, uint64(n)))
	for len(k.basis) < min(start, n) {
		v := make([]float64, n)
		for i := range v {
			v[i] = chance.Float64() - 0.5
		}
		image := make([]float64, n) // holds nothing of statements that say nothing
		if m.multiply(image, v); !k.widen(image) {
			break
		}
	}
	for range maxRounds {
		k.rotate()
		if len(k.basis) > maxBasis-2 {
			k.basis, k.image, k.values = k.basis[:kept], k.image[:kept], k.values[:kept]
		}
		wider := false
		for i := range min(2, len(k.basis)) {
			r := slices.Clone(k.image[i])
			axpy(r, -k.values[i], k.basis[i])
			if norm(r) > residual*k.values[0] && k.widen(r) {
				wider = true
			}
		}
		if !wider {
			break
		}
	}
	for i := range values {
		vectors[i] = make([]float64, n)
		if i < len(k.values) && k.values[i] > 1e-12*k.values[0] && k.values[i] > 0 {
			values[i] = k.values[i]
			copy(vectors[i], k.basis[i])
			orient(vectors[i])
		}
	}
	return values, vectors, k.basis[:min(returned, len(k.basis))]
}

// orient gives a vector the sign that makes its entry of greatest size
// positive, the first of them if there are several.
func orient(v []float64) {
	greatest := 0.0
	for _, x := range v {
		if math.Abs(x) > math.Abs(greatest)*(1+1e-9) {
			greatest = x
		}
	}
	if greatest < 0 {
		for i := range v {
			v[i] = 0 - v[i] // never −0
		}
	}
}

// krylov is a growing space of orthonormal vectors with their images under the
// matrix.
type krylov struct {
	matrix       symmetric
	n            int
	basis, image [][]float64
	values       []float64 // after rotate: eigenvalues within the space
}

// widen adds the part of v that the space lacks, and reports whether there is
// any.
func (k *krylov) widen(v []float64) bool {
	if len(k.basis) >= k.n || len(v) != k.n {
		return false
	}
	v = slices.Clone(v)
	size := norm(v)
	if size == 0 {
		return false
	}
	scale(v, 1/size)
	for range 3 { // once loses digits where v lies almost within the space
		for _, b := range k.basis {
			axpy(v, -dot(v, b), b)
		}
		size = norm(v)
		if size < 1e-13 {
			return false
		}
		scale(v, 1/size)
	}
	image := make([]float64, k.n)
	k.matrix.multiply(image, v)
	k.basis, k.image = append(k.basis, v), append(k.image, image)
	return true
}

// rotate turns the basis into the best approximations of eigenvectors that the
// space holds, greatest eigenvalue first (Rayleigh and Ritz).
func (k *krylov) rotate() {
	size := len(k.basis)
	small := make([][]float64, size)
	for i := range small {
		small[i] = make([]float64, size)
		for j := range i + 1 {
			small[i][j] = dot(k.basis[i], k.image[j])
			small[j][i] = small[i][j]
		}
	}
	values, turn := jacobi(small)
	k.values = values
	k.basis, k.image = combine(k.basis, turn), combine(k.image, turn)
}

// combine returns the combinations of vectors by the columns of turn.
func combine(vectors, turn [][]float64) [][]float64 {
	out := make([][]float64, len(vectors))
	for i := range out {
		out[i] = make([]float64, len(vectors[0]))
		for j, v := range vectors {
			axpy(out[i], turn[j][i], v)
		}
	}
	return out
}

// jacobi returns the eigenvalues of a small symmetric matrix, which it
// destroys, greatest first, and the eigenvectors as columns (Golub and Van
// Loan, Matrix Computations, 8.5).
func jacobi(a [][]float64) (values []float64, vectors [][]float64) {
	n := len(a)
	v := make([][]float64, n)
	for i := range v {
		v[i] = make([]float64, n)
		v[i][i] = 1
	}
	var total float64
	for i := range a {
		total += dot(a[i], a[i])
	}
	for range 50 {
		var off float64
		for p := range n {
			for q := range p {
				off += a[p][q] * a[p][q]
			}
		}
		if off <= 1e-32*total {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				turnAway(a, v, p, q)
			}
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case a[i][i] > a[j][j]:
			return -1
		case a[i][i] < a[j][j]:
			return 1
		}
		return 0
	})
	values, vectors = make([]float64, n), make([][]float64, n)
	for i := range vectors {
		vectors[i] = make([]float64, n)
	}
	for to, from := range order {
		values[to] = a[from][from]
		for i := range n {
			vectors[i][to] = v[i][from]
		}
	}
	return values, vectors
}

// turnAway rotates rows and columns p and q of a so that a[p][q] becomes zero,
// and the columns of v with them.
func turnAway(a, v [][]float64, p, q int) {
	if a[p][q] == 0 {
		return
	}
	half := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := 1 / (math.Abs(half) + math.Hypot(half, 1))
	if half < 0 {
		t = -t
	}
	c := 1 / math.Hypot(t, 1)
	s := t * c
	for i := range a {
		a[i][p], a[i][q] = c*a[i][p]-s*a[i][q], s*a[i][p]+c*a[i][q]
	}
	for i := range a {
		a[p][i], a[q][i] = c*a[p][i]-s*a[q][i], s*a[p][i]+c*a[q][i]
	}
	for i := range v {
		v[i][p], v[i][q] = c*v[i][p]-s*v[i][q], s*v[i][p]+c*v[i][q]
	}
}

func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64 // four sums, so that additions need not wait for one another
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + (s2 + s3)
}

func norm(a []float64) float64 { return math.Sqrt(dot(a, a)) }

// axpy adds f times b to a.
func axpy(a []float64, f float64, b []float64) {
	b = b[:len(a)]
	for i := range a {
		a[i] += f * b[i]
	}
}

func scale(a []float64, f float64) {
	for i := range a {
		a[i] *= f
	}
}

// xy is a place on the map.
type xy struct{ x, y float64 }

func (p xy) distance2(q xy) float64 {
	dx, dy := p.x-q.x, p.y-q.y
	return dx*dx + dy*dy
}

// project places each participant.
func project(places []xy, rows [][]cell, x centred, components [2][]float64, s stretch) {
	moves := make([]xy, len(x)) // by statement and vote: what the vote adds
	for c, add := range x {
		moves[c] = xy{add * components[0][c>>2], add * components[1][c>>2]}
	}
	inParallel(len(rows), 4096, func(from, to int) {
		for i := from; i < to; i++ {
			row := rows[i]
			var one, other xy // two sums, so that additions need not wait for one another
			for ; len(row) > 1; row = row[2:] {
				a, b := moves[row[0]], moves[row[1]]
				one.x += a.x
				one.y += a.y
				other.x += b.x
				other.y += b.y
			}
			for _, c := range row {
				one.x += moves[c].x
				one.y += moves[c].y
			}
			f := s.of(rows[i])
			places[i] = xy{(one.x + other.x) * f, (one.y + other.y) * f}
		}
	})
}

// inParallel calls f on parts of 0..n that together are the whole, of least or
// more each: fewer cost less than starting a goroutine. What f does to one index
// must not depend on another's part, so that the result is the same on every
// machine.
func inParallel(n, least int, f func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n/least)
	if parts < 2 {
		f(0, n)
		return
	}
	var wait sync.WaitGroup
	for p := range parts {
		wait.Go(func() { f(n*p/parts, n*(p+1)/parts) })
	}
	wait.Wait()
}
