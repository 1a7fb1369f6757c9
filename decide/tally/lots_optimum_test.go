package tally

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// On pools so small that every panel can be listed, the greatest smallest chance
// lies between two numbers that repeated play finds (Freund and Schapire 1999):
// weights on people against panels. What Make gives everyone must not exceed
// the upper one, and the bound that it states must not lie below the lower one.
func TestLotAgainstAllPanels(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(17, 4))
	var ratios []float64
	for range 60 {
		pool, lot := smallLot(r)
		panels := everyPanel(pool, lot)
		made, err := lot.Make(pool, "seed")
		if len(panels) == 0 {
			if err == nil {
				t.Fatalf("%v: a panel where there is none: %v", lot, made.Members[0])
			}
			continue
		}
		if err != nil {
			t.Errorf("%v of %d people: %v, though there are %d panels", lot, len(pool.People), err, len(panels))
			continue
		}
		low, high := maximin(panels, len(pool.People))
		lowest, _ := made.Lowest.Float64()
		bound, _ := made.Bound.Float64()
		if lowest > high+1e-9 || bound < low-1e-9 {
			t.Errorf("%v: lowest %g, bound %g; the optimum lies from %g to %g", lot, lowest, bound, low, high)
		}
		if low > 0 {
			ratios = append(ratios, lowest/high)
		}
	}
	slices.Sort(ratios)
	var sum float64
	for _, x := range ratios {
		sum += x
	}
	// What docs/counting.md says.
	if len(ratios) != 50 || ratios[0] < 0.845 || ratios[len(ratios)/2] < 0.995 {
		t.Errorf("%d pools, %g in the worst, %g in the middle", len(ratios), ratios[0], ratios[len(ratios)/2])
	}
	t.Logf("%d pools: the smallest chance is %.2f of the greatest possible in the worst, %.2f in the middle, %.2f on average", len(ratios), ratios[0], ratios[len(ratios)/2], sum/float64(len(ratios)))
}

// smallLot makes a pool of 8 to 12 people with two categories, and quotas
// around the shares of the values, as organizers set them, or a little askew.
func smallLot(r *rand.Rand) (Pool, Lot) {
	n, size := 8+r.IntN(5), 3+r.IntN(3)
	pool := Pool{Categories: []string{"age", "quarter"}}
	counts := map[[2]int]int{}
	for i := range n {
		age, quarter := min(r.IntN(4), 2), r.IntN(2)
		counts[[2]int{0, age}]++
		counts[[2]int{1, quarter}]++
		pool.People = append(pool.People, Person{ID: fmt.Sprintf("p%02d", i), Values: []string{fmt.Sprint("a", age), fmt.Sprint("q", quarter)}})
	}
	lot := Lot{Size: size, Panels: 500}
	for category, values := range []int{3, 2} {
		for v := range values {
			share := float64(counts[[2]int{category, v}]*size) / float64(n)
			low, high := int(math.Floor(share)), int(math.Ceil(share))
			if r.IntN(3) == 0 { // more of those who seldom volunteer
				low, high = low+1-r.IntN(2), high+1
			}
			lot.Quotas = append(lot.Quotas, Quota{pool.Categories[category], fmt.Sprint([]string{"a", "q"}[category], v), low, max(low, high)})
		}
	}
	return pool, lot
}

// everyPanel lists the panels that meet the quotas, a bit for each person.
func everyPanel(pool Pool, lot Lot) (panels []uint) {
	for set := range uint(1) << len(pool.People) {
		if bits.OnesCount(set) != lot.Size {
			continue
		}
		if !slices.ContainsFunc(lot.Quotas, func(q Quota) bool {
			has := 0
			for i, p := range pool.People {
				if set>>i&1 == 1 && p.Values[slices.Index(pool.Categories, q.Category)] == q.Value {
					has++
				}
			}
			return has < q.Min || has > q.Max
		}) {
			panels = append(panels, set)
		}
	}
	return panels
}

// maximin encloses the greatest smallest chance.
func maximin(panels []uint, people int) (low, high float64) {
	const rounds = 3000
	weight, on := make([]float64, people), make([]int, people)
	for i := range weight {
		weight[i] = 1
	}
	high = 1
	for range rounds {
		var total float64
		for _, w := range weight {
			total += w
		}
		best, chosen := -1.0, uint(0)
		for _, set := range panels {
			var sum float64
			for i, w := range weight {
				if set>>i&1 == 1 {
					sum += w
				}
			}
			if sum > best {
				best, chosen = sum, set
			}
		}
		high = min(high, best/total)
		for i := range weight {
			weight[i] /= total
			if chosen>>i&1 == 1 {
				on[i]++
				weight[i] *= 0.97
			}
		}
	}
	return float64(slices.Min(on)) / rounds, high
}
