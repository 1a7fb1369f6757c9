// Package opinion makes a map of opinions out of what people say to short
// statements: who answers alike, what each group of them stands for, what
// all groups agree on, and what divides them.
//
// A [Conversation] holds the statements and the last vote of each participant
// on each; [ReadPolis] reads one from the files that Polis exports. [Make]
// turns it into a [Map]; a [Live] map takes one more vote without starting
// over.
//
// The method is that of Polis, as the open implementation red-dwarf states it
// (version 0.4.0): principal components of the votes, a missing vote standing
// at its statement's mean; k-means on the participants' points, the number of
// groups by silhouette; representative statements by the tests of two
// proportions. Where this package differs, the function concerned says so.
//
// It keeps nothing, knows no network and no language: what it has to explain
// are message keys with arguments ([Message]). It computes with floating-point
// numbers, but in a fixed order, so the same votes give the same map.
package opinion

import "fmt"

// Vote is what a participant says to a statement.
type Vote int8

// The votes, as Polis writes them.
const (
	Disagree Vote = -1
	Pass     Vote = 0
	Agree    Vote = 1
)

// String returns "agree", "disagree" or "pass".
func (v Vote) String() string {
	switch v {
	case Agree:
		return "agree"
	case Disagree:
		return "disagree"
	}
	return "pass"
}

// Statement is a sentence that people agree or disagree with.
type Statement struct {
	ID   string // as in the file; never read as a number
	Text string // in its original language; may be empty
	// Removed by the conversation's moderators: votes on it place nobody on
	// the map, and it represents no group.
	Removed bool
}

// MinVotes is the least number of votes that puts a participant into a group.
const MinVotes = 7

// MinGrouped is the least number of participants with [MinVotes] that are
// divided into groups. With fewer, a map is a plain count.
const MinGrouped = 10

// MinShown is the least number of participants of a map that may be shown as
// dots: among fewer, people would find one another.
const MinShown = 50

// The numbers of groups that are tried when none is asked for.
const (
	minK = 2
	maxK = 5
)

// MaxK is the greatest number of groups that [Options] may ask for.
const MaxK = 12

// Options are choices in making a map. The zero value is the usual map.
type Options struct {
	K int // groups to make, 2 to MaxK; 0: as many as the silhouette says, 2 to 5
}

func (o Options) check() error {
	if o.K != 0 && (o.K < minK || o.K > MaxK) {
		return fmt.Errorf("%d groups: expected %d to %d, or 0 to choose by silhouette", o.K, minK, MaxK)
	}
	return nil
}

// Map is what a conversation looks like. Slices named after statements run
// parallel to Statements.
type Map struct {
	Topic        string
	Participants []string // ids of those who cast at least one vote
	Votes        int      // the last of each participant on each statement
	Superseded   int      // votes that a later one replaced
	Statements   []Statement
	Overall      []Count // by statement, of all participants

	// Axes of the map, the first being that along which answers differ most.
	// Both are zero where all answers are alike.
	Mean       []float64    // by statement, of those who voted on it; 0 where removed
	Components [2][]float64 // by statement; unit vectors, the entry of greatest size positive
	Variance   [2]float64   // of the participants' positions before scaling, along each axis
	Explained  [2]float64   // Variance as a share of the variance of all statements together

	Points  []Point // by participant
	Grouped int     // participants with at least MinVotes, who alone are put into groups

	K           int       // groups; 0: a plain count, for the reason in Explanation
	Silhouette  float64   // of these groups, -1 to 1; 0 if K is 0
	Silhouettes []Quality // of each number of groups that was tried
	Sampled     int       // participants whose silhouette was computed; Grouped unless these are many
	Groups      []Group   // by size, greatest first

	CommonGround []Ranked     // statements by how far every group agrees, most first
	CommonNo     []Ranked     // statements by how far every group disagrees, most first
	Divides      []Divisive   // statements on which two groups differ beyond chance, most first
	Majority     MajorityView // what most participants say, whatever their group
	Alike        Alike

	Explanation []Message
}

// Count is how many voted on a statement, and how.
type Count struct{ Agree, Disagree, Votes int }

// Passed is the number who passed.
func (c Count) Passed() int { return c.Votes - c.Agree - c.Disagree }

// Point is where a participant stands.
type Point struct {
	X, Y  float64
	Group int // index into Map.Groups; -1: too few votes
}

// Group is participants who answer alike.
type Group struct {
	Size           int
	X, Y           float64 // mean of its points
	Counts         []Count // by statement
	Representative []Representative
}

// Quality is how well one number of groups divides the participants.
type Quality struct {
	K          int     `json:"k"`
	Silhouette float64 `json:"silhouette"`
}

// Ranked is a statement with its group-aware consensus: the product, over all
// groups, of (agrees + 1) / (votes + 2), or the same of disagrees.
type Ranked struct {
	Statement int
	Value     float64
}

// Divisive is a statement on which two groups differ: the one that agrees
// most and the one that agrees least.
type Divisive struct {
	Statement     int
	Most, Least   int     // groups
	MostP, LeastP float64 // their shares of agreement, (agrees + 1) / (votes + 2)
	Test          float64 // of the difference of two proportions, a z value
}

// MajorityView lists what most of all participants agree and disagree with.
type MajorityView struct{ Agree, Disagree []Majority }

// Majority is a statement with one answer given by more than half.
type Majority struct {
	Statement      int
	Success, Votes int     // who gave the answer; who voted
	P              float64 // (Success + 1) / (Votes + 2)
	Test           float64 // that more than half give it, a z value
}

// Message is a sentence for people: a key of the message files, and what to
// put into it.
type Message struct {
	Key   string
	Count int   // chooses the plural form and fills {count}; -1: the message has none
	Args  []any // name, value, name, value, …
}

func say(key string, args ...any) Message { return Message{Key: key, Count: -1, Args: args} }

func sayN(key string, n int, args ...any) Message { return Message{Key: key, Count: n, Args: args} }
