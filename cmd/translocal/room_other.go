//go:build !linux && !darwin

package main

import "errors"

// unixRights tells whether the mode of a file says who may read it.
const unixRights = false

func freeSpace(string) (uint64, error) { return 0, errors.ErrUnsupported }
