//go:build !unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockFolder makes sure that one process alone works in a data folder: where
// there is no flock, by a file that can't be removed while it is open.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("another translocal is running on %s already. Nothing was changed. Stop it first, or choose another folder with --data", dir)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return f, nil
}
