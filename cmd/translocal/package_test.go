package main

import (
	"os"
	"strings"
	"testing"
)

// TestSettingsAreNobodyElses: passwords stand in the settings of the package, and
// what is installed under a name that everybody knows must not be read by everybody.
func TestSettingsAreNobodyElses(t *testing.T) {
	b, err := os.ReadFile("../../deploy/nfpm.yaml")
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "dst: /etc/default/translocal") {
			if !strings.Contains(line, "mode: 0640") {
				t.Error("everybody may read it:", line)
			}
			return
		}
	}
	t.Error("the package brings no settings")
}
