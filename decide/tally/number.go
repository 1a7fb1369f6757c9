package tally

import (
	"math/big"
	"strconv"
	"strings"
)

// maxDigits bounds the digits of a number in a file, so that no line of it can
// make the arithmetic slow.
const maxDigits = 40

// parseDecimal reads an amount as people and spreadsheets write it: digits,
// one decimal point or comma, a sign, an exponent. It refuses what it would
// have to guess: thousands separators, and a single comma before exactly three
// digits ("1,000" is one in Warsaw and a thousand in Chicago). Of what is no
// amount it says what was expected.
func parseDecimal(s string) (r *big.Rat, ok bool, expected Phrase) {
	bad := func() (*big.Rat, bool, Phrase) { return nil, false, wantDecimal }
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		var err error
		if exponent, err = strconv.Atoi(s[i+1:]); err != nil || exponent > 18 || exponent < -18 {
			return bad()
		}
	}
	unsigned := strings.TrimLeft(mantissa, "+-")
	if len(mantissa)-len(unsigned) > 1 || unsigned == "" || len(unsigned) > maxDigits {
		return bad()
	}
	digits, point := 0, -1
	for i, c := range []byte(unsigned) {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case (c == '.' || c == ',') && point < 0:
			point = i
		default:
			return bad()
		}
	}
	if digits == 0 {
		return bad()
	}
	if point >= 0 && unsigned[point] == ',' && len(unsigned)-point-1 == 3 {
		return nil, false, wantPoint
	}
	r, ok = new(big.Rat).SetString(strings.Replace(mantissa, ",", ".", 1))
	if !ok {
		return bad()
	}
	return scaleByTen(r, exponent), true, expected
}

func scaleByTen(r *big.Rat, exponent int) *big.Rat {
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil))
	if exponent < 0 {
		return r.Quo(r, power)
	}
	return r.Mul(r, power)
}
