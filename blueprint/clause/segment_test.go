package clause

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outline writes provisions as "label | heading | text", a title as "label | heading".
func outline(ps []Provision) []string {
	var out []string
	for _, p := range ps {
		line := p.Label + " | " + p.Heading
		if !p.Title {
			line += " | " + p.Text
		}
		if p.Kind == Step {
			line = "step " + line
		}
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	return out
}

func TestSegment(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", " \n\n---\n\n12\n", nil},
		{"Markdown", "---\ntitle: x\n---\n# A motion for the river\n\nThe town lives\nby the river.\n\n## Duties\n\n- keep it clean\n- walk it\n  every month\n\n[x]: https://example.org\n<!-- not for readers -->\n",
			[]string{
				"| A motion for the river",
				"| A motion for the river | The town lives by the river.",
				"| Duties | keep it clean",
				"| Duties | walk it every month",
			}},
		{"headings underlined and bold", "Our pledge to all\n=================\n\nWe act.\nTogether.\n\n**What we do next**\n\nWe meet again.",
			[]string{"| Our pledge to all", "| Our pledge to all | We act. Together.", "| What we do next", "| What we do next | We meet again."}},
		{"nested list", "# Care\n\n- Be kind\n  - Listen to all who speak.\n  - Ask before you answer.\n- Rest when you are tired\n",
			[]string{"| Be kind | Listen to all who speak.", "| Be kind | Ask before you answer.", "| Care | Rest when you are tired"}},
		{"by-laws", "ARTICLE I\nNAME\n\nThe name of this body is the Assembly.\n\nARTICLE II. MEMBERS\n\nSection 1. Who may join. Any resident may join.\nSection 2. Dues. There are no dues.\n(a) Gifts are welcome.\n(b) Gifts buy nothing.\n",
			[]string{
				"| NAME | The name of this body is the Assembly.",
				"Section 1. | Section 1. Who may join | Who may join. Any resident may join.",
				"Section 2. | Section 2. Dues | Dues. There are no dues.",
				"(a) | Section 2. Dues | Gifts are welcome.",
				"(b) | Section 2. Dues | Gifts buy nothing.",
			}},
		{"code", "Sec. 2-101. Purpose.\n\nThis chapter protects the river.\n\nSec. 2-102. Definitions.\n\nAs used in section 2-101 of this chapter:\n(1) \"River\" means the water and its banks;\n(2) \"Council\" means the town council.\n",
			[]string{
				"| Sec. 2-101. Purpose. | This chapter protects the river.",
				"| Sec. 2-102. Definitions. | As used in section 2-101 of this chapter:",
				"(1) | Sec. 2-102. Definitions. | \"River\" means the water and its banks;",
				"(2) | Sec. 2-102. Definitions. | \"Council\" means the town council.",
			}},
		{"Roman headings", "OUR CHARTER\n\nI. Of the assembly\nThe assembly meets each month.\n\nII. Of the chair\nThe chair is drawn by lot.\n\nIV. Of money\nNo money is spent without a vote.\n",
			[]string{
				"I. | I. Of the assembly",
				"| I. Of the assembly | The assembly meets each month.",
				"II. | II. Of the chair",
				"| II. Of the chair | The chair is drawn by lot.",
				"IV. | IV. Of money",
				"| IV. Of money | No money is spent without a vote.",
			}},
		{"Roman list", "The council:\n\nI. publishes its accounts;\nII. answers each question;\nIII. Meets in the open.\n",
			[]string{
				"I. | The council: | publishes its accounts;",
				"II. | The council: | answers each question;",
				"III. | The council: | Meets in the open.",
			}},
		{"French code", "Art. L. 123-4. – Toute personne a droit à l'eau.\n\nArticle R.*123-6\nLes communes tiennent un registre.\n\nArticle D123-7\nIl est ouvert à toute personne.\n\nSection A. 12 members are enough.\n",
			[]string{
				"Art. L. 123-4. – | | Toute personne a droit à l'eau.",
				"| Article R.*123-6 | Les communes tiennent un registre.",
				"| Article D123-7 | Il est ouvert à toute personne.",
				"Section A. | Article D123-7 | 12 members are enough.",
			}},
		{"final provisions", "Artículo 6º. Deberes.\nTrabajar dos horas al mes.\n\nDisposición final única. Entrada en vigor.\nEstos estatutos entran en vigor mañana.\n\nDisposición transitoria primera.- Quien ya trabaja sigue.\n",
			[]string{
				"| Artículo 6º. Deberes. | Trabajar dos horas al mes.",
				"Disposición final única. | Disposición final única. Entrada en vigor.",
				"| Disposición final única. Entrada en vigor. | Estos estatutos entran en vigor mañana.",
				"Disposición transitoria primera.- | Disposición final única. Entrada en vigor. | Quien ya trabaja sigue.",
			}},
		{"resolution, lines broken", "WHEREAS, the river has fed the town for as long as anyone can say, and\nthe town has not always thanked it for that; and\nWHEREAS, a river that is asked for nothing but water gives less and less\nof it each year;\nNOW, THEREFORE, BE IT RESOLVED that the Town Council recognises the river\nas a neighbour with standing; and\nBE IT FURTHER RESOLVED that two guardians speak for it.\n",
			[]string{
				"| | WHEREAS, the river has fed the town for as long as anyone can say, and the town has not always thanked it for that; and",
				"| | WHEREAS, a river that is asked for nothing but water gives less and less of it each year;",
				"| | NOW, THEREFORE, BE IT RESOLVED that the Town Council recognises the river as a neighbour with standing; and",
				"| | BE IT FURTHER RESOLVED that two guardians speak for it.",
			}},
		{"resolution in one line", "WHEREAS, the river has fed the town; and WHEREAS, the town has not thanked it; NOW, THEREFORE, BE IT RESOLVED that it does.",
			[]string{
				"| | WHEREAS, the river has fed the town; and",
				"| | WHEREAS, the town has not thanked it;",
				"| | NOW, THEREFORE, BE IT RESOLVED that it does.",
			}},
		{"list in running text", "The Council shall: (a) publish every contract above ten thousand within thirty days; (b) answer each question that a resident puts to it in writing; and (c) report once a year to the assembly of residents in open session.",
			[]string{
				"| | The Council shall:",
				"(a) | | publish every contract above ten thousand within thirty days;",
				"(b) | | answer each question that a resident puts to it in writing; and",
				"(c) | | report once a year to the assembly of residents in open session.",
			}},
		{"short list in running text stays", "The card shows (a) the name, (b) the date and (c) the place, and nothing else that could tell who a person is or where that person lives.",
			[]string{"| | The card shows (a) the name, (b) the date and (c) the place, and nothing else that could tell who a person is or where that person lives."}},
		{"Spanish", "CAPÍTULO I\nDISPOSICIONES GENERALES\n\nArtículo 1º.- La ordenanza protege el agua.\n\nArtículo segundo. El Concejo rinde cuentas.\n\nDISPOSICIÓN TRANSITORIA ÚNICA\n\nEntra en vigor mañana.\n",
			[]string{
				"Artículo 1º.- | DISPOSICIONES GENERALES | La ordenanza protege el agua.",
				"Artículo segundo. | DISPOSICIONES GENERALES | El Concejo rinde cuentas.",
				"| DISPOSICIÓN TRANSITORIA ÚNICA | Entra en vigor mañana.",
			}},
		{"Portuguese", "Art. 1º A lei protege o rio.\n\n§ 1º O município cuida dele.\n\nParágrafo único. Não há exceção.\n\nI - publicar os dados abertos;\nII - ouvir a população toda;\n",
			[]string{
				"Art. 1º | | A lei protege o rio.",
				"§ 1º | | O município cuida dele.",
				"Parágrafo único. | | Não há exceção.",
				"I - | Parágrafo único. | publicar os dados abertos;",
				"II - | Parágrafo único. | ouvir a população toda;",
			}},
		{"French", "Considérant que l'eau est un commun ;\n\nArticle premier\n\nLa commune protège l'eau.\n\nArticle 2 — Transparence\n\nLe conseil publie ses actes.\n",
			[]string{
				"| | Considérant que l'eau est un commun ;",
				"| Article premier | La commune protège l'eau.",
				"| Article 2 — Transparence | Le conseil publie ses actes.",
			}},
		{"German", "§ 1 Zweck\n(1) Die Satzung schützt das Wasser.\n(2) Sie gilt für alle.\n\n§ 2 Der Rat berichtet jedes Jahr.\n\nArtikel 3\nDie Satzung tritt in Kraft.\n",
			[]string{
				"(1) | § 1 Zweck | Die Satzung schützt das Wasser.",
				"(2) | § 1 Zweck | Sie gilt für alle.",
				"§ 2 | § 1 Zweck | Der Rat berichtet jedes Jahr.",
				"| Artikel 3 | Die Satzung tritt in Kraft.",
			}},
		{"Swedish order", "1 § Kommunen skyddar vattnet.\n\n2 § Rådet rapporterar varje år.\n",
			[]string{"1 § | | Kommunen skyddar vattnet.", "2 § | | Rådet rapporterar varje år."}},
		{"Russian", "Статья 1. Совет защищает воду.\n\nСтатья 2. Совет отчитывается:\nа) перед жителями;\nб) перед рекой каждый год.\n",
			[]string{
				"Статья 1. | | Совет защищает воду.",
				"Статья 2. | | Совет отчитывается:",
				"а) | Статья 2. | перед жителями;",
				"б) | Статья 2. | перед рекой каждый год.",
			}},
		{"Chinese", "第一章　总则\n第一条　市议会应当公开数据。\n第二条　市民有权提出意见：\n（一）以书面形式；\n（二）在公开会议上。\n",
			[]string{
				"第一条 | 第一章 总则 | 市议会应当公开数据。",
				"第二条 | 第一章 总则 | 市民有权提出意见：",
				"（一） | 第二条 | 以书面形式；",
				"（二） | 第二条 | 在公开会议上。",
			}},
		{"Korean", "제1조 (목적) 이 조례는 물을 보호한다.\n제2조 의회는 매년 보고한다.\n",
			[]string{"제1조 | | (목적) 이 조례는 물을 보호한다.", "제2조 | | 의회는 매년 보고한다."}},
		{"Thai", "มาตรา ๑ สภาต้องเปิดเผยข้อมูล\nมาตรา ๒ ประชาชนมีสิทธิถาม\n",
			[]string{"มาตรา ๑ | | สภาต้องเปิดเผยข้อมูล", "มาตรา ๒ | | ประชาชนมีสิทธิถาม"}},
		{"Arabic", "المادة 1\nيحمي المجلس المياه في البلدة.\n\nالمادة الثانية: يقدم المجلس تقريرا كل سنة.\n",
			[]string{"| المادة 1 | يحمي المجلس المياه في البلدة.", "المادة الثانية: | المادة 1 | يقدم المجلس تقريرا كل سنة."}},
		{"Hindi", "धारा 1. परिषद जल की रक्षा करेगी।\n\nधारा 2. परिषद हर वर्ष बताएगी।\n",
			[]string{"धारा 1. | | परिषद जल की रक्षा करेगी।", "धारा 2. | | परिषद हर वर्ष बताएगी।"}},
		{"steps", "Step 1: Ring the bell and wait.\n\nStep 2: Count who came today.\n\nPaso 3. Leer la propuesta en voz alta.\n",
			[]string{
				"step Step 1: | | Ring the bell and wait.",
				"step Step 2: | | Count who came today.",
				"step Paso 3. | | Leer la propuesta en voz alta.",
			}},
		{"titles with a stop", "3.1. Duty to Publish.\n\nThe clerk publishes every contract.\n\n3.2. Right to Ask.\n\nAnyone may ask.\n\n(a) Answers.\n(b) Answers come within ten days.\n",
			[]string{
				"3.1. | 3.1. Duty to Publish.",
				"| 3.1. Duty to Publish. | The clerk publishes every contract.",
				"3.2. | 3.2. Right to Ask.",
				"| 3.2. Right to Ask. | Anyone may ask.",
				"(a) | 3.2. Right to Ask. | Answers.",
				"(b) | 3.2. Right to Ask. | Answers come within ten days.",
			}},
		{"levels", "1. Scope\n\n1.1 This policy binds all offices.\n1.2 It binds contractors too, at 3.5 per cent and above.\n\n2. Duties\n\n2.1 Publish every contract.\n",
			[]string{
				"1.1 | 1. Scope | This policy binds all offices.",
				"1.2 | 1. Scope | It binds contractors too, at 3.5 per cent and above.",
				"2.1 | 2. Duties | Publish every contract.",
			}},
		{"a number in a sentence is no label", "The council met in the year that the old bridge fell, which was\n2014. It was a hard winter and the river stood high for weeks on\nend, as can be read in the report of the engineer, above all in part\n3 of it.\n",
			[]string{"| | The council met in the year that the old bridge fell, which was 2014. It was a hard winter and the river stood high for weeks on end, as can be read in the report of the engineer, above all in part 3 of it."}},
		{"Windows lines and tabs", "Section 1.\tOne thing is said.\r\nSection 2.\tAnother is said.\r\n",
			[]string{"Section 1. | | One thing is said.", "Section 2. | | Another is said."}},
		{"table", "| Who | By when |\n| --- | --- |\n| The clerk | end of May 2027 |\n",
			[]string{"| | Who By when", "| | The clerk end of May 2027"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, outline(Segment(c.text))); d != "" {
				t.Error(d)
			}
		})
	}
}

// hostileTexts are long texts made to be costly to segment.
func hostileTexts(size int) map[string]string {
	repeat := func(s string) string { return strings.Repeat(s, size/len(s)) }
	return map[string]string{
		"short lines":   repeat("a b c\n"),
		"one line":      repeat("word "),
		"brackets":      repeat("["),
		"tags":          repeat("<a "),
		"comments":      repeat("<!--"),
		"labels":        repeat("(a) "),
		"label lines":   repeat("(a)\n"),
		"whereas":       repeat("; WHEREAS, x"),
		"sentences":     repeat("A b. "),
		"headings":      repeat("# a b c\n"),
		"stars":         repeat("*"),
		"digits":        repeat("1."),
		"blank lines":   repeat("\n"),
		"fences":        repeat("```\n"),
		"section signs": repeat("§"),
		"expanding":     repeat("\ufdfa"), // eighteen letters after normalisation
		"Chinese":       repeat("市议会应当公开数据"),
		"Thai marks":    "ก" + repeat("\u0e34"),
		"invalid":       repeat("\xff"),
		"nested quotes": repeat("> > "),
		"quote line":    repeat(">"),
		"escapes":       repeat("\\"),
	}
}

func TestSegmentHostile(t *testing.T) {
	for name, text := range hostileTexts(1 << 16) {
		doc := Read(text)
		Align(doc, Read(text+" x"))
		t.Logf("%s: %d provisions", name, len(doc.Provisions))
		checkProvisions(t, doc.Provisions)
	}
}

func BenchmarkReadHostile(b *testing.B) {
	for name, text := range hostileTexts(1 << 20) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Read(text)
			}
		})
	}
}

func BenchmarkAlignHostile(b *testing.B) {
	for name, text := range hostileTexts(1 << 20) {
		doc, other := Read(text), Read(strings.ReplaceAll(text, "a", "e")+" x")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Align(doc, other)
			}
		})
	}
}

// checkProvisions checks what holds of every segmentation.
func checkProvisions(t *testing.T, ps []Provision) {
	t.Helper()
	ids := make(map[string]bool)
	for i, p := range ps {
		if ids[p.ID] || p.ID == "" {
			t.Fatalf("provision %d: id %q is not its own", i, p.ID)
		}
		ids[p.ID] = true
		if p.Title != (p.Text == "" && p.Heading != "" && p.Label+p.Heading != "") && p.Title {
			t.Fatalf("provision %d: a title with text, or without a heading: %+v", i, p.Clause)
		}
		if p.body() == "" && p.Label == "" {
			t.Fatalf("provision %d says nothing", i)
		}
		if p.Kind != Passage && p.Kind != Step {
			t.Fatalf("provision %d: kind %q", i, p.Kind)
		}
	}
}

func FuzzSegment(f *testing.F) {
	for _, s := range []string{
		"# A\n\n- b\n  - c d e\n", "Section 1. x\n(a) y; (b) z", "WHEREAS, a; WHEREAS, b", "第一条　市议会应当公开数据。", "มาตรา ๑ สภา", "+++\na = 1\n+++\ntext",
		"```\ncode\n```", "| a | b |\n|---|---|", "[x]: y\n[a](b)", "1 § a", "a\n===\nb", "IV - x", "\xff\n\x00", "<!-- a", "§§§ 3",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc := Read(text)
		checkProvisions(t, doc.Provisions)
		for i, m := range Align(doc, doc) {
			if m.State != Kept || m.Parent != m.Child || m.Child != i || m.Similarity != 1 || m.Moved {
				t.Fatalf("a text aligned with itself: %+v", m)
			}
		}
		if c := Containment(doc, doc); c != 1 && len(doc.shingles) > 0 {
			t.Fatalf("contains %v of itself", c)
		}
	})
}
