package tally

import (
	"fmt"
	"math/big"
	"strconv"
)

// The rules on one proposal count what each member says to it: agree, abstain,
// object, block or stand aside. The proposal is the election's first option;
// it is among the winners if it is accepted. The one round holds the counts,
// under the positions' names; its action is "accept", "reject", or "no-quorum"
// where too few took part.
//
// Everyone who takes a position takes part, those who abstain too; a weight
// counts as so many members.

// positionOrder is the order in which positions are shown.
var positionOrder = []Position{Agree, Abstain, StandAside, Object, Block}

// proposal is a count of positions.
type proposal struct {
	*counting
	counts map[Position]int64
	total  int64
}

func (p *proposal) against() int64 { return p.counts[Object] + p.counts[Block] }

// countConsent accepts a proposal to which no one objects or blocks. Silence
// and standing aside are consent.
func countConsent(c *counting) error {
	p, err := c.takePositions()
	if err != nil {
		return err
	}
	return p.decide(p.against() == 0, Msg("counting.why.consent", "against", itoa(p.against())))
}

// countConsensus accepts a proposal that someone agrees to and at most
// Rule.Objections (none in plain consensus) object to or block. Those who
// abstain or stand aside don't hinder it.
func countConsensus(c *counting) error {
	p, err := c.takePositions()
	if err != nil {
		return err
	}
	switch {
	case c.rule.Objections < 0:
		return fmt.Errorf("rule %s: %d objections", c.rule.Name, c.rule.Objections)
	case c.rule.Name == "consensus" && c.rule.Objections != 0:
		return fmt.Errorf("rule consensus allows no objection; consensus-minus:%d does", c.rule.Objections)
	}
	accepted := p.against() <= int64(c.rule.Objections) && p.counts[Agree] > 0
	key := "counting.why.consensus"
	if c.rule.Name == "consensus-minus" {
		key = "counting.why.consensus_minus"
	}
	return p.decide(accepted, Msg(key, "agree", itoa(p.counts[Agree]), "against", itoa(p.against()), "allowed", strconv.Itoa(c.rule.Objections)))
}

// countMajority accepts a proposal that more than half (majority) or at least
// Rule.Threshold (supermajority, 2/3 if not given) of those who agree, object
// or block agree to. Those who abstain or stand aside count for the quorum
// alone.
func countMajority(c *counting) error {
	p, err := c.takePositions()
	if err != nil {
		return err
	}
	cast := p.counts[Agree] + p.against()
	agreed := new(big.Rat)
	if cast > 0 {
		agreed.SetFrac64(p.counts[Agree], cast)
	}
	half := big.NewRat(1, 2)
	if c.rule.Name == "majority" {
		if c.rule.Threshold != nil {
			return fmt.Errorf("rule majority has no threshold of its own; supermajority has")
		}
		return p.decide(agreed.Cmp(half) > 0, Msg("counting.why.majority", "agree", itoa(p.counts[Agree]), "against", itoa(p.against())))
	}
	if c.rule.Threshold == nil {
		c.rule.Threshold = big.NewRat(2, 3)
	}
	if t := c.rule.Threshold; t.Cmp(half) <= 0 || t.Cmp(big.NewRat(1, 1)) > 0 {
		return refuse(noMajorityOf, "value", t.RatString())
	}
	accepted := cast > 0 && agreed.Cmp(c.rule.Threshold) >= 0
	return p.decide(accepted, Msg("counting.why.supermajority", "agree", itoa(p.counts[Agree]), "against", itoa(p.against()), "threshold", c.rule.Threshold.RatString()))
}

// takePositions adds up the positions and refuses what can't be counted.
func (c *counting) takePositions() (*proposal, error) {
	p := &proposal{counting: c, counts: map[Position]int64{}}
	if len(c.election.Options) != 1 {
		return nil, refuse(manyProposals, "rule", c.rule.Name, "number", len(c.election.Options))
	}
	for i := range c.election.Ballots {
		b := &c.election.Ballots[i]
		switch b.Position {
		case Agree, Abstain, Object, Block, StandAside:
		default:
			return nil, fmt.Errorf("position %q: expected agree, abstain, object, block or stand-aside", b.Position)
		}
		p.counts[b.Position] += b.Weight
		p.total += b.Weight
	}
	r := &c.rule
	switch {
	case r.Eligible < 0 || r.Quorum.Voters < 0:
		return nil, refuse(fewMembers, "rule", r.Name)
	case r.Eligible > 0 && p.total > r.Eligible:
		return nil, refuse(manyTookPart, "rule", r.Name, "number", p.total, "eligible", r.Eligible)
	case r.Quorum.Share != nil && r.Eligible == 0:
		return nil, refuse(quorumOfWhom, "rule", r.Name, "value", r.Quorum.Share.RatString())
	case r.Quorum.Share != nil && (r.Quorum.Share.Sign() < 0 || r.Quorum.Share.Cmp(ratInt(1)) > 0):
		return nil, refuse(quorumShare, "rule", r.Name, "value", r.Quorum.Share.RatString())
	}
	return p, nil
}

// quorum gives how many must take part: at least one.
func (p *proposal) quorum() int64 {
	need := max(p.rule.Quorum.Voters, 1)
	if share := p.rule.Quorum.Share; share != nil {
		exact := new(big.Rat).Mul(share, ratInt(p.rule.Eligible))
		up := new(big.Int).Add(exact.Num(), exact.Denom())
		up.Sub(up, big.NewInt(1)).Quo(up, exact.Denom())
		need = max(need, up.Int64()) // at most Eligible
	}
	return need
}

// decide writes the outcome.
func (p *proposal) decide(accepted bool, why Message) error {
	round := Round{Action: "reject", Options: p.ids([]int{0}), Voters: p.total}
	for _, position := range positionOrder {
		round.Counts = append(round.Counts, Tally{string(position), Int(p.counts[position])})
	}
	need := p.quorum()
	switch {
	case p.total < need:
		round.Action = "no-quorum"
		why = Msg("counting.why.no_quorum", "voters", itoa(p.total), "quorum", itoa(need))
	case accepted:
		round.Action = "accept"
		p.out.Winners = round.Options
	}
	p.out.Rounds = append(p.out.Rounds, round)
	p.out.Explanation = append(p.out.Explanation, why)
	if need > 1 && p.total >= need {
		p.explain("counting.why.quorum", "voters", itoa(p.total), "quorum", itoa(need))
	}
	return nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
