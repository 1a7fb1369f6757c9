package document

import (
	"strconv"
	"strings"
)

// maxLevels is how many levels a list can have, in Word and (nearly) in OpenDocument.
const maxLevels = 10

// level is how one level of a list is numbered.
type level struct {
	format  string // of Word: "decimal", "lowerLetter", …, "bullet", "none"
	pattern string // the label, with %1, %2, … for the numbers of the levels: "Article %1.", "%1.%2"
	start   int
	restart int  // the number starts anew after a level above this one; 0: never, -1: after any level above
	legal   bool // all numbers of the label in digits
}

// list is the state of one numbered list.
type list struct {
	levels  [maxLevels]level
	count   [maxLevels]int
	started [maxLevels]bool
}

// next counts one item at depth and returns its label; "" if it has none.
func (l *list) next(depth int) string {
	lv := l.levels[depth]
	if !l.started[depth] {
		l.count[depth], l.started[depth] = lv.start, true
	} else if l.count[depth] < 1<<20 {
		l.count[depth]++
	}
	for d := depth + 1; d < maxLevels; d++ {
		if r := l.levels[d].restart; r < 0 || r > depth {
			l.started[d] = false
		}
	}
	if lv.format == "bullet" || lv.pattern == "" {
		return ""
	}
	return strings.Join(strings.Fields(l.label(lv)), " ")
}

// label fills the pattern of a level with the numbers of the list.
func (l *list) label(lv level) string {
	var b strings.Builder
	for i := 0; i < len(lv.pattern); i++ {
		c := lv.pattern[i]
		if c == '%' && i+1 < len(lv.pattern) && lv.pattern[i+1] >= '1' && lv.pattern[i+1] <= '9' {
			d := int(lv.pattern[i+1] - '1')
			n := l.count[d]
			if !l.started[d] {
				n = l.levels[d].start
			}
			format := l.levels[d].format
			if lv.legal && format != "none" {
				format = "decimal"
			}
			b.WriteString(ordinal(n, format))
			i++
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func decimal(n int) string { return strconv.Itoa(n) }

// ordinal writes a number as a list does. Formats that are not known are written in digits: the number is
// right, its script may not be.
func ordinal(n int, format string) string {
	switch format {
	case "none", "bullet":
		return ""
	case "lowerLetter":
		return letters(n)
	case "upperLetter":
		return strings.ToUpper(letters(n))
	case "lowerRoman":
		return strings.ToLower(roman(n))
	case "upperRoman":
		return roman(n)
	case "decimalZero":
		if n < 10 {
			return "0" + decimal(n)
		}
	case "ordinal":
		return decimal(n) + "."
	case "russianLower":
		return nth("абвгдежзиклмнопрстуфхцчшщэюя", n)
	case "russianUpper":
		return strings.ToUpper(nth("абвгдежзиклмнопрстуфхцчшщэюя", n))
	case "arabicAlpha":
		return nth("أبتثجحخدذرزسشصضطظعغفقكلمنهوي", n)
	case "arabicAbjad":
		return nth("أبجدهوزحطيكلمنسعفصقرشتثخذضظغ", n)
	case "hebrew2":
		return nth("אבגדהוזחטיכלמנסעפצקרשת", n)
	case "hindiNumbers", "hindiVowels":
		return digitsFrom(n, '०')
	case "thaiNumbers":
		return digitsFrom(n, '๐')
	}
	return decimal(n)
}

// letters counts as Word does: a … z, aa, bb, …
func letters(n int) string {
	if n < 1 || n > 26*8 {
		return decimal(n)
	}
	return strings.Repeat(string(rune('a'+(n-1)%26)), (n-1)/26+1)
}

func nth(alphabet string, n int) string {
	r := []rune(alphabet)
	if n < 1 || n > len(r) {
		return decimal(n)
	}
	return string(r[n-1])
}

func digitsFrom(n int, zero rune) string {
	return strings.Map(func(r rune) rune { return r - '0' + zero }, decimal(n))
}

func roman(n int) string {
	if n < 1 || n > 3999 {
		return decimal(n)
	}
	var b strings.Builder
	for _, r := range []struct {
		value int
		sign  string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= r.value; n -= r.value {
			b.WriteString(r.sign)
		}
	}
	return b.String()
}
