package page

import "strings"

// snake turns a word of the library's data into one of message keys.
func snake(word string) string { return strings.ReplaceAll(word, "-", "_") }
