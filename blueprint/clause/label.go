package clause

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// label is the number or letter at the start of a provision: "Section 3.", "Art. 1º", "(a)", "第二条".
type label struct {
	text   string // as written, without the spaces around it
	style  string // its form, the same for all labels of one list: "(a)", "1.", "1.1"; "part" if it names a part
	part   string // the name of the part, folded: "section", "§", "条"; "" if it names none
	value  int    // its place in a list of that style, 0 if unknown
	roman  int    // the value if it is read as a Roman number, 0 if it can't be
	strong bool   // sure by itself: it needs no sequence to be believed
	step   bool   // names something to be done
}

// partWords name the parts of legal texts, in lower case; true for a step.
var partWords = func() map[string]bool {
	words := make(map[string]bool)
	for _, w := range strings.Fields(`
		section sections sec sect § §§ article articles art arts clause clauses paragraph para par chapter chap part title
		division subdivision schedule appendix annex annexe exhibit rule rules regulation bylaw by-law principle
		recommendation amendment resolution item point
		artículo articulo artículos seccion sección capítulo capitulo título titulo parte cláusula clausula párrafo parrafo
		disposición anexo apartado inciso regla principio considerando
		artigo seção secção parágrafo
		chapitre titre partie alinéa règle annexe principe
		artikel abschnitt absatz abs kapitel teil titel ziffer anlage paragraf hoofdstuk afdeling lid bijlage
		articolo sezione capo capitolo comma parte titolo allegato
		secció capítol títol regla annex atal kapitulu artikulu
		artykuł rozdział dział ustęp ust pkt článek čl § članak člen glava
		madde bölüm kısım fıkra cikk fejezet rész pasal bab ayat điều chương mục khoản
		seksyon artikulo ibara kifungu sehemu sura
		статья ст глава раздел пункт п часть стаття розділ частина член чл алинея
		άρθρο αρθρο κεφάλαιο μέρος τμήμα
		المادة مادة الفصل الباب القسم البند סעיף פרק חלק
		धारा अनुच्छेद अध्याय भाग ধারা অনুচ্ছেদ অধ্যায়`) {
		words[w] = false
	}
	for _, w := range strings.Fields(`step steps phase stage action activity paso pasos fase etapa acción étape phase action
		schritt etappe passo passos krok шаг этап adım bước hatua hakbang langkah الخطوة चरण`) {
		words[w] = true
	}
	return words
}()

// unspacedParts are those of scripts without spaces, where the number follows at once; longer ones first.
var unspacedParts = []struct {
	word string
	step bool
}{{"ขั้นตอน", true}, {"มาตรา", false}, {"หมวด", false}, {"ส่วน", false}, {"ข้อ", false}, {"บท", false}, {"ມາດຕາ", false}, {"មាត្រា", false}, {"ပုဒ်မ", false}}

// ordinals are the numbers that are written as words after the name of a part.
var ordinals = func() map[string]int {
	values := make(map[string]int)
	for i, row := range []string{
		`first one primero primera primer premier première erste erster primeiro primeira primo prima único única unique الأولى الأول`,
		`second two segundo segunda deuxième zweite zweiter seconda الثانية الثاني`,
		`third three tercero tercera tercer troisième dritte dritter terceiro terceira terzo terza الثالثة الثالث`,
		`fourth four cuarto cuarta quatrième vierte quarto quarta الرابعة الرابع`,
		`fifth five quinto quinta cinquième fünfte الخامسة الخامس`,
		`sixth six sexto sexta sixième sechste sesto sesta السادسة السادس`,
		`seventh seven séptimo séptima septième siebte sétimo settimo السابعة السابع`,
		`eighth eight octavo octava huitième achte oitavo ottavo الثامنة الثامن`,
		`ninth nine noveno novena neuvième neunte nono التاسعة التاسع`,
		`tenth ten décimo décima dixième zehnte decimo العاشرة العاشر`,
	} {
		for _, w := range strings.Fields(row) {
			values[w] = i + 1
		}
	}
	return values
}()

// numberWords stand between the name of a part and its number: "Resolution No. 5", "Kifungu cha 3", "Disposición final única".
var numberWords = map[string]bool{
	"no": true, "nº": true, "n.º": true, "n°": true, "№": true, "nr": true, "núm": true, "num": true, "number": true, "número": true,
	"cha": true, "ya": true, "la": true, "ng": true,
	"final": true, "adicional": true, "transitoria": true, "transitória": true, "derogatoria": true, "modificativa": true, // disposición final primera
}

// readLabel reads the label at the start of a line and returns what follows it.
func readLabel(s string) (l label, rest string, ok bool) {
	for _, read := range []func(string) (label, string, bool){readEastern, readPart, readLevels, readEnumerator} {
		if l, rest, ok = read(s); ok {
			l.text = strings.TrimSpace(s[:len(s)-len(rest)])
			return l, strings.TrimSpace(rest), true
		}
	}
	return label{}, s, false
}

// readPart reads the name of a part with its number: "Section 3.", "§ 12a", "Artículo primero.-", "1 §".
func readPart(s string) (label, string, bool) {
	if n := digits(s); n > 0 { // Nordic and Hungarian order
		rest := strings.TrimLeft(strings.TrimPrefix(s[n:], "."), " ")
		if after, ok := strings.CutPrefix(rest, "§"); ok {
			return label{style: "part", part: "§", strong: true}, after, true
		}
	}
	word, rest, step := partWord(s)
	if word == "" {
		return label{}, s, false
	}
	if first, _ := utf8.DecodeRuneInString(word); unicode.IsLower(first) {
		return label{}, s, false // a sentence that goes on: "section 3 of the Act"
	}
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "."), " ")
	if link, after, ok := strings.Cut(rest, " "); ok && numberWords[strings.ToLower(strings.TrimRight(link, "."))] {
		rest = after
	}
	n, value := partNumber(rest)
	if n == 0 {
		return label{}, s, false
	}
	after, signs := cutSigns(rest[n:])
	if next, _ := utf8.DecodeRuneInString(strings.TrimLeft(after, " \t")); !signs && after != "" && (unicode.IsLower(next) || !unicode.IsSpace(rune(after[0]))) {
		return label{}, s, false // "Section 3 of the Act"
	}
	return label{style: "part", part: strings.ToLower(word), value: value, strong: true, step: step}, after, true
}

// partWord cuts the name of a part off, or the sign §; word is "" if there is none.
func partWord(s string) (word, rest string, step bool) {
	for _, p := range unspacedParts {
		if rest, ok := strings.CutPrefix(s, p.word); ok {
			return p.word, rest, p.step
		}
	}
	n := prefixLen(s, func(r rune) bool { return r == '§' })
	if n == 0 {
		n = prefixLen(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || r == '-' })
	}
	step, known := partWords[strings.ToLower(s[:n])]
	if !known {
		return "", s, false
	}
	return s[:n], s[n:], step
}

// partNumber reads the number of a part: digits with letters, dots and dashes, a Roman number, or a word.
func partNumber(s string) (n, value int) {
	if n := codeNumber(s); n > 0 {
		return n, 0
	}
	n = prefixLen(s, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(".-–/º°ª", r)
	})
	if n > 24 {
		return 0, 0
	}
	word := strings.TrimRight(s[:n], ".-–/")
	if word == "" {
		return 0, 0
	}
	n = len(word)
	if d := digits(word); d > 0 {
		return n, number(word[:d])
	}
	if v := ordinals[strings.ToLower(word)]; v > 0 {
		return n, v
	}
	if v := romanValue(word); v > 0 {
		return n, v
	}
	if letter(word) > 0 || strings.ContainsFunc(word, unicode.IsDigit) && len(word) < 12 { // Annex B, A-3, 22D.1
		return n, letter(word)
	}
	return 0, 0
}

// codeNumber reads the number of an article of a French code, a letter for its kind and then levels: "L. 123-4", "R.*1334-30".
// Without levels it would be letter and sentence: "Section A. 12 members".
func codeNumber(s string) int {
	kind, rest, ok := strings.Cut(s, ".")
	if !ok || kind == "" || len(kind) > 2 || strings.Trim(kind, "ABCDLOR") != "" {
		return 0
	}
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "*"), " ")
	n := prefixLen(rest, func(r rune) bool { return unicode.IsDigit(r) || r == '-' })
	number := strings.TrimRight(rest[:n], "-")
	if len(number) > 12 || strings.HasPrefix(number, "-") || !strings.Contains(number, "-") {
		return 0
	}
	return len(s) - len(rest) + len(number)
}

// cutSigns cuts the signs that close a label off: "Section 3.-", "Art. 4:", "Sec. 2 —".
func cutSigns(s string) (rest string, any bool) {
	n := prefixLen(s, func(r rune) bool { return strings.ContainsRune(".:)]–—-º°ª", r) })
	if t := strings.TrimLeft(s[n:], " "); strings.HasPrefix(t, "–") || strings.HasPrefix(t, "—") || n == 0 && strings.HasPrefix(t, "- ") {
		return strings.TrimLeft(t, "–—- "), true
	}
	return s[n:], n > 0
}

// readEastern reads 第三条, 제3조, 一、 and （二）.
func readEastern(s string) (label, string, bool) {
	for _, open := range []string{"第", "제"} {
		if after, ok := strings.CutPrefix(s, open); ok {
			after = strings.TrimLeft(after, " ")
			n := prefixLen(after, easternDigit)
			rest := strings.TrimLeft(after[n:], " ")
			if r, size := utf8.DecodeRuneInString(rest); n > 0 && strings.ContainsRune("条條章节節款项項编編部目则則조장절항호편", r) {
				rest, _ = cutSigns(strings.TrimPrefix(rest[size:], "："))
				return label{style: "part", part: string(r), strong: true}, rest, true
			}
		}
	}
	inner, open := strings.CutPrefix(s, "（")
	n := prefixLen(inner, func(r rune) bool { return strings.ContainsRune("一二三四五六七八九十百〇零", r) })
	if n == 0 || n > 12 {
		return label{}, s, false
	}
	for _, close := range []string{"、", "）", "．", "，"} {
		if rest, ok := strings.CutPrefix(inner[n:], close); ok && (close == "）") == open {
			return label{style: close, strong: true}, rest, true
		}
	}
	return label{}, s, false
}

func easternDigit(r rune) bool {
	return strings.ContainsRune("一二三四五六七八九十百千〇零两兩", r) || unicode.IsDigit(r)
}

// readLevels reads a number of several levels: "1.2", "3.4.1.".
func readLevels(s string) (label, string, bool) {
	n, levels := 0, 0
	for {
		d := digits(s[n:])
		if d == 0 || d > 3 {
			break
		}
		n += d
		levels++
		if !strings.HasPrefix(s[n:], ".") || digits(s[n+1:]) == 0 {
			break
		}
		n++
	}
	if levels < 2 || levels > 6 || strings.HasSuffix(s[:n], ".") {
		return label{}, s, false
	}
	rest, signs := cutSigns(s[n:])
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, " \t"))
	if rest != "" && (!unicode.IsSpace(rune(rest[0])) || !signs && (unicode.IsLower(next) || !unicode.IsLetter(next))) {
		return label{}, s, false // "3.5 million", "1.50"
	}
	return label{style: "1.1", strong: true}, rest, true
}

// readEnumerator reads the label of a list: "1.", "2)", "(3)", "a)", "(B)", "iv.", "(ii)".
func readEnumerator(s string) (label, string, bool) {
	body, open := s, ""
	if strings.HasPrefix(s, "(") || strings.HasPrefix(s, "[") {
		body, open = s[1:], s[:1]
	}
	n := prefixLen(body, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) })
	if n == 0 || n > 8 || n == len(body) {
		return label{}, s, false
	}
	word, rest := body[:n], body[n:]
	if l, after, ok := readDashed(word, rest); ok && open == "" {
		return l, after, true
	}
	close, size := utf8.DecodeRuneInString(rest)
	if !strings.ContainsRune(".)]º°", close) || open != "" && close != ')' && close != ']' {
		return label{}, s, false
	}
	rest = rest[size:]
	if close == 'º' || close == '°' {
		rest = strings.TrimLeft(rest, ".)")
	}
	if next, _ := utf8.DecodeRuneInString(rest); rest != "" && !unicode.IsSpace(next) && !(open != "" && unicode.IsLetter(next)) {
		return label{}, s, false
	}
	l := label{style: open + class(word) + string(close)}
	switch {
	case digits(word) == len(word):
		l.value = number(word)
	case letter(word) > 0 || romanValue(word) > 0:
		l.value, l.roman = letter(word), romanValue(word)
	case utf8.RuneCountInString(word) == 1 && close != '.': // а) in Cyrillic, أ) in Arabic
		l.strong = true
	default:
		return label{}, s, false
	}
	return l, rest, true
}

// readDashed reads the label of a list as in Brazilian laws: "IV - ", "2 – ".
func readDashed(word, rest string) (label, string, bool) {
	for _, dash := range []string{" - ", " – ", " — "} {
		after, ok := strings.CutPrefix(rest, dash)
		if !ok {
			continue
		}
		if digits(word) == len(word) {
			return label{style: "1 -", value: number(word)}, after, true
		}
		if class(word) == "A" && romanValue(word) > 0 {
			return label{style: "I -", roman: romanValue(word)}, after, true
		}
	}
	return label{}, rest, false
}

// class is "1" for digits, "A" or "a" for letters.
func class(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	switch {
	case unicode.IsDigit(r):
		return "1"
	case unicode.IsUpper(r):
		return "A"
	}
	return "a"
}

func digits(s string) int { return prefixLen(s, unicode.IsDigit) }

// number reads digits of any script; 0 if there are too many to be a label.
func number(s string) int {
	v := 0
	for _, r := range s {
		if v > 9999 {
			return 0
		}
		v = v*10 + digitValue(r)
	}
	return v
}

// digitValue uses that Unicode gives the ten digits of a script consecutive places.
func digitValue(r rune) int {
	zero := r
	for n := 0; n < 9 && unicode.IsDigit(zero-1); n++ {
		zero--
	}
	return int(r - zero)
}

// letter is the place of a single Latin letter in the alphabet, 0 for anything else.
func letter(s string) int {
	if len(s) != 1 {
		return 0
	}
	if c := s[0] | 0x20; 'a' <= c && c <= 'z' {
		return int(c-'a') + 1
	}
	return 0
}

// romanValue reads a Roman number below 90 in its usual form, in one case; 0 for anything else.
func romanValue(s string) int {
	if s != strings.ToUpper(s) && s != strings.ToLower(s) || len(s) > 8 {
		return 0
	}
	rest, v := strings.ToLower(s), 0
	for _, p := range []struct {
		text  string
		value int
		most  int
	}{{"l", 50, 1}, {"xl", 40, 1}, {"x", 10, 3}, {"ix", 9, 1}, {"v", 5, 1}, {"iv", 4, 1}, {"i", 1, 3}} {
		for n := 0; n < p.most && strings.HasPrefix(rest, p.text); n++ {
			rest = rest[len(p.text):]
			v += p.value
		}
	}
	if rest != "" {
		return 0
	}
	return v
}

// labels remembers how far the lists of each style have got, to tell "2." of a list from "2." of a sentence.
type labels map[string]int

// maxGap is how many items of a list may be missing before a label no longer counts as its next one.
const maxGap = 5

// believe reports whether a label is one, given those before it: it names itself (Section 3), stands in
// brackets, starts a list, or goes on with one. What can be a letter or a Roman number is the letter only
// if that comes next.
func (ls labels) believe(l label) bool {
	roman := l.style + "roman"
	switch {
	case l.strong:
	case l.value > 0 && l.value == ls[l.style]+1:
		ls[l.style] = l.value
	case l.roman > 0 && ls.follows(roman, l.roman):
		ls[roman] = max(ls[roman], l.roman)
	case l.value > 0 && ls.follows(l.style, l.value):
		ls[l.style] = max(ls[l.style], l.value)
	default:
		return strings.HasPrefix(l.style, "(") && max(l.value, l.roman) < 100
	}
	return true
}

func (ls labels) follows(style string, value int) bool {
	return value == 1 || ls[style] > 0 && value <= ls[style]+1+maxGap
}
