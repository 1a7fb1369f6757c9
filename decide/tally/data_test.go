package tally

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// dataDir gives the folder of real elections: TRANSLOCAL_TEST_DATA, or
// shared/data beside the checkout. Without it the test is skipped.
func dataDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("TRANSLOCAL_TEST_DATA"); dir != "" {
		return dir
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod above the test's folder")
		}
		root = filepath.Dir(root)
	}
	dir := filepath.Join(root, "..", "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the real elections are not here: set TRANSLOCAL_TEST_DATA, or put them into ../shared/data")
	}
	return dir
}

// long tells whether slow tests run: TRANSLOCAL_TEST_LONG=1.
func long() bool { return os.Getenv("TRANSLOCAL_TEST_LONG") != "" }

// readJSON reads a file of the test data.
func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// realBudgets are those read so far, by name: several tests use each, and none
// changes it.
var realBudgets sync.Map

// readPabulib reads one of the real budgets, or gives the one read before.
func readPabulib(t testing.TB, name string) *Election {
	t.Helper()
	path := filepath.Join(dataDir(t), "pb", name)
	read, _ := realBudgets.LoadOrStore(name, sync.OnceValues(func() (*Election, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return ParsePabulib(data)
	}))
	e, err := read.(func() (*Election, error))()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return e
}
