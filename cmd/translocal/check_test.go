package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"translocal/blueprint/check"
)

func TestCheckCommand(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	known := write("known.md", "A vote needs forty members in the hall.\n\nMinutes are read by the secretary at the next meeting.\n")
	draft := write("draft.txt", "A vote needs forty members in the hall.\n\nDogs may come in on Sundays.\n")
	var out bytes.Buffer
	if err := (CheckCmd{Draft: draft, Against: files{known}, JSON: true, Language: "en"}).run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var a check.Answer
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	if a.Summary[check.Kept] != 1 || a.Summary[check.New] != 1 || len(a.Lacks) != 1 || !strings.HasPrefix(a.Lacks[0].Wording, "Minutes") {
		t.Error(out.String())
	}
	out.Reset()
	if err := (CheckCmd{Draft: draft, Language: "es"}).run(t.Context(), &out); err != nil || !strings.Contains(out.String(), "Nueva: 2") {
		t.Error(out.String(), err)
	}
	if err := (CheckCmd{Draft: write("empty.md", ""), Language: "en"}).run(t.Context(), &out); err == nil || strings.Contains(err.Error(), "document.") {
		t.Error(err)
	}
}

func TestDiffers(t *testing.T) {
	for _, x := range [][3]string{
		{"The mayor shall report.", "The mayor may report.", "[shall → may]"},
		{"The Mayor reports", "the mayor reports,", ""},
		{"They report each year", "They report", "[− each year]"},
		{"They report", "They report each year", "[+ each year]"},
		{"a b c d e f g h i j", "a x c y e z g u i v", "[b → x] [d → y] [f → z] [h → u] …"},
	} {
		if got := differs(x[0], x[1]); got != x[2] {
			t.Errorf("%q, %q: %q", x[0], x[1], got)
		}
	}
}
