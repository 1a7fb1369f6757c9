package tally

import (
	"fmt"
	"strings"
)

// FormatError says what is wrong with a file: nothing of it is counted. Found
// and Expected are phrases for which Args has what stands in their braces.
type FormatError struct {
	Line            int // from 1; 0: the file as a whole
	Found, Expected Phrase
	Args            []any // of both: name, value, name, value, …; "count" has an int, which chooses a plural, the others have strings
}

// Error says it in English, for programs and logs. For people the phrases are
// messages, in any language.
func (e *FormatError) Error() string {
	found, expected := e.Found.fill(e.Args), e.Expected.fill(e.Args)
	if e.Line == 0 {
		return fmt.Sprintf("found %s, expected %s", found, expected)
	}
	return fmt.Sprintf("line %d: found %s, expected %s", e.Line, found, expected)
}

// Phrase is what can be found in a file, or expected of it.
type Phrase struct {
	Key     string // the end of its message's key
	English string // {name} stands for an argument
}

// fill puts the arguments into the English text.
func (p Phrase) fill(args []any) string {
	text := p.English
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, fmt.Sprint("{", args[i], "}"), fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func wrongAt(line int, found, expected Phrase, args ...any) error {
	for i := 1; i < len(args); i += 2 {
		if args[i-1] != "count" {
			args[i] = fmt.Sprint(args[i])
		}
	}
	return &FormatError{Line: line, Found: found, Expected: expected, Args: args}
}

// phrases are all there are.
var phrases []Phrase

// Phrases lists what errors are made of, so that a test can look for each in
// every language.
func Phrases() []Phrase { return phrases }

func phrase(key, english string) Phrase {
	p := Phrase{key, english}
	phrases = append(phrases, p)
	return p
}

// What is found in a file.
var (
	foundValue     = phrase("value", "{value}")
	foundEndFile   = phrase("end_of_file", "the end of the file")
	foundEndLine   = phrase("end_of_line", "the end of the line")
	foundEmptyFile = phrase("empty", "an empty file")
	foundUTF16     = phrase("utf16", "bytes that are not UTF-8: UTF-16 text")
	foundZeroByte  = phrase("zero_byte", "a zero byte, as in UTF-16")
	foundNotUTF8   = phrase("not_utf8", "bytes that are not UTF-8: {value}")
	foundWeight    = phrase("weight", "weight {value}")
	foundFields    = phrase("fields", "{count} fields")

	foundOpenComment = phrase("open_comment", "a comment without end")
	foundOpenOption  = phrase("open_option", "an option without end")
	foundOpenVoter   = phrase("open_voter", "a voter's id without end")
	foundOption      = phrase("option", "option {value}")
	foundCandidates  = phrase("candidates", "{count} candidates")
	foundNames       = phrase("names", "{count} names")
	foundTwice       = phrase("candidate_twice", "candidate {value} twice on a ballot")

	foundDataType     = phrase("data_type", "data type {value}")
	foundAlternatives = phrase("alternatives", "{count} alternatives")
	foundNameless     = phrase("alternatives_names", "{count} alternatives and {names} names")
	foundNoName       = phrase("no_name", "no name of alternative {value}")
	foundAgain        = phrase("alternative_again", "alternative {value} again")
	foundValues       = phrase("values", "{count} values")
	foundVoters       = phrase("voters", "{value} voters in the orders")
	foundOrders       = phrase("orders", "{count} orders")

	foundColumns      = phrase("columns", "columns {value}")
	foundColumn       = phrase("column", "column {value}")
	foundColumnAgain  = phrase("column_again", "column {value} again")
	foundColumnNamed  = phrase("column_named", "column {number} named {value}")
	foundBothKinds    = phrase("both_kinds", "a column {value} and columns of options")
	foundColumnNoID   = phrase("column_no_id", "a column without id")
	foundOptionAgain  = phrase("option_again", "option {value} again")
	foundVoterAgain   = phrase("voter_again", "voter {value} again (first on line {first})")
	foundPosition     = phrase("position", "position {value}")
	foundValueFor     = phrase("value_for", "{value} for {column}")
	foundSecondChoice = phrase("second_choice", "a second choice, {column}")
	foundInnerQuote   = phrase("inner_quote", "a quote within a field")
	foundOpenQuote    = phrase("open_quote", "a quote that is not closed")
	foundAfterQuote   = phrase("after_quote", "{value} after a closing quote")
	foundPotAgain     = phrase("pot_again", "pot {value} again (first on line {first})")

	foundSectionAgain  = phrase("section_again", "a second section {value} (the first is on line {first})")
	foundKeyAgain      = phrase("key_again", "{value} again (first on line {first})")
	foundNoID          = phrase("no_id", "none")
	foundProjectID     = phrase("project_id", "project id {value}")
	foundProjectAgain  = phrase("project_again", "project {value} again")
	foundNoCost        = phrase("no_cost", "no value for the cost of project {project}")
	foundCost          = phrase("cost", "{value} for the cost of project {project}")
	foundNoBudgetValue = phrase("no_budget_value", "no value for the budget")
	foundBudget        = phrase("budget", "{value} for the budget")
	foundNoBudget      = phrase("no_budget", "META without budget")
	foundVotesFirst    = phrase("votes_first", "VOTES")
	foundVoteType      = phrase("vote_type", "vote_type {value}")
	foundNoVoteType    = phrase("no_vote_type", "META without vote_type")
	foundVote          = phrase("vote", "the vote {value}")
	foundVoteFor       = phrase("vote_for", "a vote for {value}")
	foundProjects      = phrase("projects", "{count} projects")
)

// What is expected of it.
var (
	wantUTF8      = phrase("want_utf8", "a text file saved as UTF-8")
	wantDecimal   = phrase("want_decimal", "a decimal number without thousands separators")
	wantPoint     = phrase("want_point", "a decimal point, because a comma before three digits may separate thousands")
	wantWhole     = phrase("want_whole", "a whole number")
	wantWeights   = phrase("want_weights", "weights that together stay below {max}")
	wantAsHeader  = phrase("want_as_header", "{number}, as in the header")
	wantCandidate = phrase("want_candidate", "a candidate from 1 to {max}")
	wantOnce      = phrase("want_candidate_once", "each candidate once")

	wantCommentEnd     = phrase("want_comment_end", "*/")
	wantOptionEnd      = phrase("want_option_end", "]")
	wantVoterEnd       = phrase("want_voter_end", ")")
	wantVoter          = phrase("want_voter", "a voter's id")
	wantCandidates     = phrase("want_candidates", "the number of candidates")
	wantSomeCandidates = phrase("want_some_candidates", "at least one candidate, and a name for each")
	wantSeats          = phrase("want_seats", "the number of seats, at most {max}")
	wantWithdrawn      = phrase("want_withdrawn", "a withdrawn candidate from 1 to {max}")
	wantWithdrawnIn    = phrase("want_withdrawn_number", "the number of a withdrawn candidate")
	wantOption         = phrase("want_option", "tie, withdrawn or droop")
	wantWeight         = phrase("want_weight", "a ballot's weight as a whole number, or 0 after the last ballot")
	wantBallot         = phrase("want_ballot", "a candidate's number, or 0 at the end of the ballot")
	wantNames          = phrase("want_names", "the names of {candidates} candidates and a title")
	wantNoMore         = phrase("want_no_more", "nothing more after names, title, source and comment")

	wantAlternatives    = phrase("want_alternatives", "at least one alternative, and a name for each")
	wantAlternativeName = phrase("want_alternative_names", "names of the alternatives 1 to {max}")
	wantAlternativeLine = phrase("want_alternative_line", "the number of an alternative, a comma and its name")
	wantAlternativeOnce = phrase("want_alternative_once", "each alternative once")
	wantCounts          = phrase("want_counts", "the number of voters, the sum of weights and the number of orders")
	wantDataType        = phrase("want_data_type", "soc, soi, toc or toi")
	wantOrderVoters     = phrase("want_order_voters", "the number of voters with an order, at least 1")
	wantMark            = phrase("want_mark", `"{mark}" after the number of voters`)
	wantOrderEnd        = phrase("want_order_end", "a comma or the end of the line")
	wantOrderOfAll      = phrase("want_order_of_all", "an order of all {number}, as the data type says")
	wantNoEquals        = phrase("want_no_equals", "no equal alternatives, as the data type says")
	wantBrace           = phrase("want_brace", "a comma or a closing brace")
	wantAsThisLine      = phrase("want_as_this_line", "{number}, as this line says")

	wantHeader      = phrase("want_header", "a header that names the columns")
	wantOneKind     = phrase("want_one_kind", "option columns that all begin with {prefix}")
	wantColumnOnce  = phrase("want_column_once", "each column once")
	wantEither      = phrase("want_either", "positions on one proposal, or options")
	wantBallots     = phrase("want_ballots", `a column "position", or a column for each option such as "rank:ID"`)
	wantOptionID    = phrase("want_option_id", "an id after the colon")
	wantOptionOnce  = phrase("want_option_once", "each option once")
	wantOneBallot   = phrase("want_one_ballot", "one ballot a voter")
	wantFromOne     = phrase("want_from_one", "a whole number from 1 on")
	wantPosition    = phrase("want_position", "agree, abstain, object, block or stand-aside")
	wantRank        = phrase("want_rank", "a rank from 1 to {max}, or nothing")
	wantApproval    = phrase("want_approval", "1, x, yes or true; 0, no, false or nothing")
	wantOne         = phrase("want_one", "at most one")
	wantQuotes      = phrase("want_quotes", "quotes around a whole field, doubled within it")
	wantPotColumns  = phrase("want_pot_columns", "columns pot, people and perhaps need")
	wantPotOnce     = phrase("want_pot_once", "each pot once")
	wantPeople      = phrase("want_people", "a whole number of people")
	wantNeed        = phrase("want_need", "a need of zero or more, such as 1.5")
	wantAfterQuote  = phrase("want_after_quote", `; or the end of the line (a quote inside quotes is doubled: "")`)
	wantClosedQuote = phrase("want_closed_quote", `a closing quote (")`)

	wantTitle         = phrase("want_title", "one of the titles META, PROJECTS, VOTES")
	wantSectionOnce   = phrase("want_section_once", "each section once")
	wantSection       = phrase("want_section", "a section {section}")
	wantColumns       = phrase("want_columns", "the columns of {section}, {columns} among them")
	wantNewColumn     = phrase("want_new_column", "a different name for each column")
	wantAsColumns     = phrase("want_as_columns", "{number}, as in {columns}")
	wantKeyValue      = phrase("want_key_value", "a key and a value (a value that holds ; stands in quotes)")
	wantKeyOnce       = phrase("want_key_once", "each key once")
	wantProjectID     = phrase("want_project_id", "a project id")
	wantNoComma       = phrase("want_no_comma", "an id without comma, because commas separate the ids of a vote")
	wantProjectOnce   = phrase("want_project_once", "each project once")
	wantNumber        = phrase("want_number", "a number")
	wantZeroOrMore    = phrase("want_zero_or_more", "zero or more")
	wantVotesLast     = phrase("want_votes_last", "META and PROJECTS before VOTES")
	wantOneVote       = phrase("want_one_vote", "one vote a voter")
	wantVoteType      = phrase("want_vote_type", "vote_type approval, choose-1, cumulative, scoring or ordinal")
	wantIDs           = phrase("want_ids", "project ids separated by single commas")
	wantProject       = phrase("want_project", "the id of a project")
	wantOnceInVote    = phrase("want_once_in_vote", "each project at most once in a vote")
	wantChooseOne     = phrase("want_choose_one", "at most one in a choose-1 election")
	wantPoints        = phrase("want_points", "points for each of {projects} projects")
	wantDecimalPoints = phrase("want_decimal_points", "points as decimal numbers")
	wantSomePoints    = phrase("want_some_points", "points of zero or more")
	wantBudget        = phrase("want_budget", "a budget")
)

// Refusal says why a rule can't count an election, or what was asked for can't
// be understood. Args has what stands in the phrase's braces.
type Refusal struct {
	Why  Phrase
	Args []any // name, value, name, value, …; all strings
}

// Error says it in English, for programs and logs.
func (r *Refusal) Error() string { return r.Why.fill(r.Args) }

func refuse(why Phrase, args ...any) error {
	for i := 1; i < len(args); i += 2 {
		args[i] = fmt.Sprint(args[i])
	}
	return &Refusal{why, args}
}

// Why an election can't be counted.
var (
	noSuchRule    = phrase("no_rule", "no rule {value}; the rules are {rules}")
	noSuchBallots = phrase("no_ballots_of_kind", "rule {rule} does not count {kind} ballots; rules that do: {rules}")
	noBudget      = phrase("no_budget_to_share", "rule {rule} shares out a budget, and this election has none")
	noDeclared    = phrase("no_declared", "the file declares no rule; rules that fit its {kind} ballots: {rules}")
	noDefined     = phrase("no_defined", "the file's rule {value} is not defined by the file; rules that fit its {kind} ballots: {rules}")
	noThreshold   = phrase("no_threshold", "min_project_score_threshold {value}: expected a number")

	noCandidate = phrase("no_candidate", "rule {rule}: no candidate stands")
	manyStand   = phrase("many_stand", "rule {rule}: {number} candidates stand; it counts up to {max}")
	noBallots   = phrase("no_ballots", "rule {rule}: there are no ballots to count")
	nobodyNamed = phrase("nobody_named", "rule {rule}: no ballot ranks anyone who stands")
	oneSeat     = phrase("one_seat", "rule {rule} fills one seat, not {number}; for several use stv-scottish, stv-wigm or stv-meek")
	noSeats     = phrase("no_seats", "seats {number}: expected at least 1")
	manySeats   = phrase("many_seats", "{number} seats for {candidates} candidates")
	manyOrders  = phrase("many_orders", "rule {rule}: the orders of equally strong duels are too many to leave open; choose another way to break ties")

	noUtility     = phrase("no_utility", "utility {value}: expected cost, count, points or borda")
	utilityUnsaid = phrase("utility_unsaid", "utility {value}: {kind} ballots don't say it")
	manyDigits    = phrase("many_digits", "points: too many digits to count exactly")
	noCompletion  = phrase("no_completion", "completion {value}: expected none, greedy, add1, add1+greedy or phragmen")
	noStop        = phrase("no_stop", "stop {value}: expected exhaustive or overspend")
	noIncrement   = phrase("no_increment", "increment {value}: expected more than zero")

	manyProposals  = phrase("many_proposals", "rule {rule} decides on one proposal, and there are {number}")
	fewMembers     = phrase("few_members", "rule {rule}: a number of members can't be negative")
	manyTookPart   = phrase("many_took_part", "rule {rule}: {number} took part, but only {eligible} are eligible")
	quorumOfWhom   = phrase("quorum_of_whom", "rule {rule}: a quorum of {value} needs the number of those eligible")
	quorumShare    = phrase("quorum_share", "rule {rule}: quorum {value}: expected a share from 0 to 1")
	noMajorityOf   = phrase("no_majority_of", "rule supermajority: threshold {value}: expected more than 1/2 and at most 1")
	noObjections   = phrase("no_objections", "rule {value}: expected how many may stand against, as in consensus-minus:2")
	noShare        = phrase("no_share", "rule {value}: expected a share, as in supermajority:2/3")
	nothingFollows = phrase("nothing_follows", "rule {value}: {rule} takes nothing after a colon")

	noTie    = phrase("no_tie", "tie rule {value}: expected id, votes-cost, lot:SEED or open")
	noSeed   = phrase("no_seed", "tie rule {value}: a lot needs a published seed, as in lot:SEED")
	noQuorum = phrase("no_quorum", "quorum {value}: expected a number of voters, or a share such as 1/2")
	noAmount = phrase("no_amount", "amount {value}: expected a decimal number of zero or more, without thousands separators")
)
