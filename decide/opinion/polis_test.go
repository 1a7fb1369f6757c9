package opinion

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// folder makes an export of named files.
func folder(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

const (
	someComments = "comment-id,author-id,moderated,comment-body\n0,3,1,\"More trees, \"\"please\"\"; now\"\n1,3,-1,Spam\n2,4,0,\"Two\nlines\"\n"
	someVotes    = "timestamp,datetime,comment-id,voter-id,vote\n10,x,0,a,1\n30,x,0,a,-1\n20,x,0,a,0\n10,x,2,b,1\n10,x,1,b,-1\n"
)

func TestReadPolis(t *testing.T) {
	want := "topic \"Trees; and more\": [{0 More trees, \"please\"; now false} {1 Spam true} {2 Two\nlines false}] a[0:disagree] b[1:disagree 2:agree] 2 superseded"
	files := map[string]string{
		commentsFile: someComments, votesFile: someVotes,
		summaryFile:      "topic,Trees; and more\nurl,x\nlonely\n",
		participantsFile: "participant,group-id,n-votes,0,1,2\nb,1,2,,-1,1\na,0,1,-1,,\n",
	}
	read := func(name string, files map[string]string) {
		t.Helper()
		c, err := ReadPolis(folder(files))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := describe(c); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
		if c.Exported["a"] != "0" || c.Exported["b"] != "1" {
			t.Errorf("%s: groups %v", name, c.Exported)
		}
	}
	read("an export", files)

	with := func(file, text string) map[string]string {
		changed := map[string]string{}
		for name, old := range files {
			changed[name] = old
		}
		changed[file] = text
		return changed
	}
	read("byte order mark", with(votesFile, "\ufeff"+someVotes))
	read("CRLF", with(votesFile, strings.ReplaceAll(someVotes, "\n", "\r\n")))
	read("no line at the end", with(votesFile, strings.TrimSuffix(someVotes, "\n")))
	read("other order of columns, and more of them",
		with(votesFile, "Vote, weather,VOTER-ID,timestamp,comment-id\n1,wet,a,10,0\n-1,wet,a,30,0\n0,,a,20,0\n1,,b,10,2\n-1,,b,10,1\n"))
	read("no times: the last line counts", with(votesFile, "comment-id,voter-id,vote\n0,a,1\n0,a,0\n0,a,-1\n2,b,1\n1,b,-1\n"))
	read("equal times: the last line counts", with(votesFile, "timestamp,comment-id,voter-id,vote\n9,0,a,1\n9,0,a,0\n9,0,a,-1\n9,2,b,1\n9,1,b,-1\n"))

	delete(files, votesFile)
	want = strings.Replace(want, "2 superseded", "0 superseded", 1)
	read("the table of participants alone", files)
}

func describe(c *Conversation) string {
	var b strings.Builder
	b.WriteString("topic " + quote(c.Topic) + ": ")
	text, _ := json.Marshal(c.superseded)
	list := make([]string, len(c.statements))
	for i, s := range c.statements {
		removed := " false"
		if s.Removed {
			removed = " true"
		}
		list[i] = "{" + s.ID + " " + s.Text + removed + "}"
	}
	b.WriteString("[" + strings.Join(list, " ") + "]")
	for p, row := range c.rows {
		var votes []string
		for _, v := range row {
			votes = append(votes, c.statements[v.statement()].ID+":"+v.vote().String())
		}
		b.WriteString(" " + c.participants[p] + "[" + strings.Join(votes, " ") + "]")
	}
	b.WriteString(" " + string(text) + " superseded")
	return b.String()
}

func TestBadFiles(t *testing.T) {
	long := strings.Repeat("9", maxID+1)
	for _, c := range []struct{ name, file, text, want string }{
		{"nothing in it", votesFile, "", `votes.csv, line 1: found nothing, expected a line that names the columns`},
		{"a column is missing", votesFile, "comment-id,vote\n0,1\n", `votes.csv, line 1: found columns "comment-id,vote", expected a column "voter-id" among them`},
		{"a column twice", votesFile, "comment-id,voter-id,vote,vote\n", `votes.csv, line 1: found column "vote" twice, expected each column once`},
		{"a vote that is none", votesFile, "comment-id,voter-id,vote\n0,a,1\n0,b,2\n", `votes.csv, line 3: found vote "2", expected -1, 0 or 1`},
		{"no vote", votesFile, "comment-id,voter-id,vote\n0,a,\n", `votes.csv, line 2: found vote "", expected -1, 0 or 1`},
		{"a vote of words", votesFile, "comment-id,voter-id,vote\n0,a,NaN\n", `votes.csv, line 2: found vote "NaN", expected -1, 0 or 1`},
		{"a time that is none", votesFile, "comment-id,voter-id,vote,timestamp\n0,a,1,noon\n", `votes.csv, line 2: found timestamp "noon", expected a whole number of milliseconds`},
		{"a time too great", votesFile, "comment-id,voter-id,vote,timestamp\n0,a,1,99999999999999999999\n", `votes.csv, line 2: found timestamp "99999999999999999999", expected a whole number of milliseconds`},
		{"no voter", votesFile, "comment-id,voter-id,vote\n0,,1\n", `votes.csv, line 2: found no voter-id, expected an id`},
		{"an id too long", votesFile, "comment-id,voter-id,vote\n" + long + ",a,1\n", `votes.csv, line 2: found comment-id of 257 bytes, expected at most 256`},
		{"an id not in UTF-8", votesFile, "comment-id,voter-id,vote\n0,a\xff,1\n", `votes.csv, line 2: found voter-id "a\xff", expected valid UTF-8`},
		{"a short line", votesFile, "comment-id,voter-id,vote\n\n0,a\n", `votes.csv, line 3: found 2 fields, expected 3, as the first line has`},
		{"a quote that does not end", votesFile, "comment-id,voter-id,vote\n0,\"a,1\n", `votes.csv, line 2: found extraneous or missing " in quoted-field, expected fields between commas, quoted where they hold quotes`},
		{"semicolons", votesFile, "comment-id;voter-id;vote\n0;a;1\n", `votes.csv, line 1: found columns "comment-id;voter-id;vote", expected a column "comment-id" among them`},
		{"a comment twice", commentsFile, "comment-id\n0\n1\n0\n", `comments.csv, line 4: found comment-id "0" again, expected each comment once`},
		{"comments without id", commentsFile, "comment-body\nx\n", `comments.csv, line 1: found columns "comment-body", expected a column "comment-id" among them`},
		{"an unknown state", commentsFile, "comment-id,moderated\n0,maybe\n", `comments.csv, line 2: found moderated "maybe", expected -1, 0 or 1`},
		{"a participant twice", participantsFile, "participant,group-id\na,0\na,1\n", `participants-votes.csv, line 3: found participant "a" again, expected each participant once`},
		{"a summary of quotes", summaryFile, "topic,\"x\"y\n", `summary.csv, line 1: found extraneous or missing " in quoted-field, expected fields between commas, quoted where they hold quotes`},
	} {
		files := map[string]string{commentsFile: someComments, votesFile: someVotes}
		files[c.file] = c.text
		conversation, err := ReadPolis(folder(files))
		var format *FormatError
		if conversation != nil || !errors.As(err, &format) || err.Error() != c.want || !slices.Contains(Whys, format.Why) {
			t.Errorf("%s:\n%v, want\n%s", c.name, err, c.want)
		}
	}
	_, err := ReadPolis(folder(map[string]string{commentsFile: someComments}))
	if want := "votes.csv: found no such file, expected votes.csv or participants-votes.csv"; err == nil || err.Error() != want {
		t.Errorf("no votes: %v, want %s", err, want)
	}
	_, err = ReadPolis(folder(map[string]string{participantsFile: "participant,0\na,yes\n"}))
	if want := `participants-votes.csv, line 2: found vote "yes" on comment "0", expected -1, 0, 1 or nothing`; err == nil || err.Error() != want {
		t.Errorf("a table of words: %v, want %s", err, want)
	}
}

// Ids of any length are names, and a vote on an unlisted comment counts.
func TestHugeAndUnlistedIDs(t *testing.T) {
	huge := strings.Repeat("9", 100)
	c, err := ReadPolis(folder(map[string]string{
		commentsFile: someComments,
		votesFile:    "comment-id,voter-id,vote\n" + huge + "," + huge + ",1\n18446744073709551617,-7,1\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := `topic "": [{0 More trees, "please"; now false} {1 Spam true} {2 Two` + "\nlines false} {18446744073709551617  false} {" + huge + "  false}] " +
		huge + "[" + huge + ":agree] -7[18446744073709551617:agree] 0 superseded"
	if got := describe(c); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestExportsWithoutVotes(t *testing.T) {
	c, err := ReadPolis(folder(map[string]string{commentsFile: someComments, votesFile: "comment-id,voter-id,vote\n"}))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(mustMake(t, c, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"participants":0`, `"statements":0`, `"k":0`, `"points":[]`, `"groups":[]`, `"components":[[],[]]`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
}

// Whatever the files hold, reading ends in an error or in a conversation that
// can be mapped, and written as JSON.
func FuzzReadPolis(f *testing.F) {
	f.Add([]byte(someComments), []byte(someVotes), []byte("participant,0,1\na,1,\n"))
	f.Add([]byte("\ufeffcomment-id\n1\n"), []byte("voter-id,vote,comment-id\nx,0,1\nx,1,1\n"), []byte(""))
	f.Add([]byte("comment-id,moderated\n1,-1\n"), []byte("vote,voter-id,comment-id,timestamp\n1,1,1,9223372036854775807\n"), []byte("participant\n\n"))
	f.Fuzz(func(t *testing.T, comments, votes, participants []byte) {
		files := fstest.MapFS{commentsFile: {Data: comments}, participantsFile: {Data: participants}, summaryFile: {Data: participants}}
		if len(votes) > 0 {
			files[votesFile] = &fstest.MapFile{Data: votes}
		}
		c, err := ReadPolis(files)
		if err != nil {
			return
		}
		m := mustMake(t, c, Options{})
		n := 0
		for _, row := range c.rows {
			n += len(row)
			if len(row) == 0 {
				t.Fatal("a participant without a vote")
			}
		}
		if n != m.Votes || len(m.Points) != len(c.participants) {
			t.Fatalf("%d votes and %d points on the map, %d and %d in the conversation", m.Votes, len(m.Points), n, len(c.participants))
		}
		if _, err := json.Marshal(m); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkReadPolis(b *testing.B) {
	dir := testData(b, "opinion", "polis-opendata", "vtaiwan.uberx")
	var size int64
	for _, name := range []string{votesFile, commentsFile, participantsFile, summaryFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	b.SetBytes(size)
	for b.Loop() {
		if _, err := ReadPolis(os.DirFS(dir)); err != nil {
			b.Fatal(err)
		}
	}
}
