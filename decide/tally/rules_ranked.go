package tally

import "maps"

func init() {
	maps.Copy(methods, rankedMethods)
}

var (
	ranked   = []Kind{Ordinal}
	onePlace = []Kind{Positions}
)

var rankedMethods = map[string]method{
	"irv":          {kinds: ranked, count: countRunoff},
	"schulze":      {kinds: ranked, count: countSchulze},
	"ranked-pairs": {kinds: ranked, count: countRankedPairs},
	"minimax":      {kinds: ranked, count: countMinimax},
	"copeland":     {kinds: ranked, count: countCopeland},
	"split-cycle":  {kinds: ranked, count: countSplitCycle},
	"smith":        {kinds: ranked, count: countSmith},
	"stv-scottish": {kinds: ranked, count: countScottish},
	"stv-wigm":     {kinds: ranked, count: countWIGM},
	"stv-meek":     {kinds: ranked, count: countMeek},
	"plurality":    {kinds: []Kind{ChooseOne, Ordinal}, count: countPlurality},
	"score":        {kinds: []Kind{Score, Cumulative}, count: countScore},

	"consent":         {kinds: onePlace, count: countConsent},
	"consensus":       {kinds: onePlace, count: countConsensus},
	"consensus-minus": {kinds: onePlace, count: countConsensus},
	"majority":        {kinds: onePlace, count: countMajority},
	"supermajority":   {kinds: onePlace, count: countMajority},
}
