package tally

// duels is the pairwise comparison of the candidates who stand: everything
// that a Condorcet rule looks at. Indices are those of standing.
type duels struct {
	standing []int     // indices into Election.Options, without those withdrawn
	margin   [][]int64 // [i][j]: voters who rank i above j, less those who rank j above i
}

// standing lists the options that have not withdrawn.
func (c *counting) standing() []int {
	var s []int
	for i, o := range c.election.Options {
		if !o.Withdrawn {
			s = append(s, i)
		}
	}
	return s
}

// compare makes the pairwise table and puts it into the outcome. Options that
// a ballot does not rank stand together below all that it ranks; of equal
// ranks neither is preferred.
func (c *counting) compare() *duels {
	standing := c.standing()
	n := len(standing)
	place := make([]int, len(c.election.Options)) // index into standing; -1: withdrawn
	for i := range place {
		place[i] = -1
	}
	for i, o := range standing {
		place[o] = i
	}

	prefer := square(n)
	below := make([]int64, n) // the ballot's weight for each option below the rank looked at, else 0
	for i := range c.election.Ballots {
		b := &c.election.Ballots[i]
		for j := range below {
			below[j] = b.Weight
		}
		for start, end := 0, 0; start < len(b.Choices); start = end {
			end = b.endOfRank(start)
			rank := b.Choices[start:end]
			for _, o := range rank {
				if place[o] >= 0 {
					below[place[o]] = 0
				}
			}
			for _, o := range rank {
				if place[o] < 0 {
					continue
				}
				row := prefer[place[o]]
				for j, w := range below {
					row[j] += w
				}
			}
		}
	}

	margin := square(n)
	for i := range n {
		for j := range n {
			margin[i][j] = prefer[i][j] - prefer[j][i]
		}
	}
	c.out.Pairwise = &Pairwise{Options: c.ids(standing), Prefer: prefer}
	return &duels{standing: standing, margin: margin}
}

// endOfRank gives the index after the last choice that shares the rank of the
// choice at start.
func (b *Ballot) endOfRank(start int) int {
	end := start + 1
	for b.Ranks != nil && end < len(b.Choices) && b.Ranks[end] == b.Ranks[start] {
		end++
	}
	return end
}

// condorcetWinner gives the candidate who beats every other, or -1.
func (d *duels) condorcetWinner() int {
	for i := range d.margin {
		beats := 0
		for j := range d.margin {
			if d.margin[i][j] > 0 {
				beats++
			}
		}
		if beats == len(d.margin)-1 {
			return i
		}
	}
	return -1
}

// smithSet gives the smallest set of candidates who each beat everyone outside
// it: those who reach every other by a chain of duels not lost.
func (d *duels) smithSet() []int {
	n := len(d.margin)
	reach := make([][]bool, n)
	for i := range n {
		reach[i] = make([]bool, n)
		for j := range n {
			reach[i][j] = d.margin[i][j] >= 0
		}
	}
	closeTransitively(reach)
	var set []int
	for i := range n {
		all := true
		for j := range n {
			all = all && reach[i][j]
		}
		if all {
			set = append(set, i)
		}
	}
	return set
}

// closeTransitively adds to a relation all that follows from it.
func closeTransitively(reach [][]bool) {
	for k := range reach {
		for i := range reach {
			if !reach[i][k] {
				continue
			}
			for j := range reach {
				reach[i][j] = reach[i][j] || reach[k][j]
			}
		}
	}
}

// widestPaths gives, for each two candidates, the strength of the strongest
// chain of won duels from one to the other: its weakest margin. 0: no chain.
func (d *duels) widestPaths() [][]int64 {
	n := len(d.margin)
	path := square(n)
	for i := range n {
		for j := range n {
			path[i][j] = max(d.margin[i][j], 0)
		}
	}
	for k := range n {
		for i := range n {
			if i == k {
				continue
			}
			for j := range n {
				if j != i && j != k {
					path[i][j] = max(path[i][j], min(path[i][k], path[k][j]))
				}
			}
		}
	}
	return path
}

func square(n int) [][]int64 {
	cells := make([]int64, n*n)
	rows := make([][]int64, n)
	for i := range rows {
		rows[i] = cells[i*n : (i+1)*n : (i+1)*n]
	}
	return rows
}
