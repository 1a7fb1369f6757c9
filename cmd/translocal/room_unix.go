//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// unixRights tells whether the mode of a file says who may read it.
const unixRights = true

// freeSpace is how many bytes an ordinary user can still write at a path.
func freeSpace(path string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
