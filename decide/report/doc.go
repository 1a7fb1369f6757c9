// Package report writes what was counted as one page that needs nothing else:
// no script, no address, no file beside it. It can be printed, read aloud, and
// pinned on a wall.
package report
