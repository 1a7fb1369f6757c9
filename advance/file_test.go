package advance

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"translocal/fault"
)

func pngOf(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewRGBA(image.Rect(0, 0, w, h))))
	return b.Bytes()
}

// jpegHeld is a picture, red at its left, whose camera says how it was held and
// where it was.
func jpegHeld(t testing.TB, how byte) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			m.Set(x, y, color.RGBA{R: 255 * uint8(1-x/32), B: 255 * uint8(x/32), A: 255})
		}
	}
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, m, nil))
	exif := append([]byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), how, 0, 0)
	exif = append(exif, "GPS 4.6N 74.1W <script>alert(1)</script>"...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return append(append([]byte{0xff, 0xd8}, append(segment, exif...)...), b.Bytes()[2:]...)
}

// claims is a PNG of few bytes that says it is as large as that.
func claims(t testing.TB, w, h uint32) []byte {
	data := pngOf(t, 1, 1)
	binary.BigEndian.PutUint32(data[16:], w)
	binary.BigEndian.PutUint32(data[20:], h)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

const pdf = "%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"

func TestWhatAFileIsStandsInItsContent(t *testing.T) {
	for name, c := range map[string]struct {
		data  []byte
		media string
		key   string
	}{
		"a PDF":                   {[]byte(pdf), "application/pdf", ""},
		"a PDF cut short":         {[]byte(pdf[:20]), "", "file.damaged"},
		"a page before a PDF":     {[]byte("<html><script>alert(1)</script>" + pdf), "", "file.kind"},
		"a PNG":                   {pngOf(t, 3, 2), "image/png", ""},
		"a PNG cut short":         {pngOf(t, 300, 200)[:60], "", "file.damaged"},
		"a PNG too large to open": {claims(t, 15_000, 15_000), "", "file.too_many_points"},
		"a PNG without end":       {claims(t, 1<<31-1, 1), "", "file.too_many_points"},
		"a JPEG":                  {jpegHeld(t, 1), "image/jpeg", ""},
		"text":                    {[]byte("Acta número 3\nAprobado."), "text/plain", ""},
		"nothing":                 {nil, "", "file.empty"},
		"too much":                {bytes.Repeat([]byte("a"), MaxFile+1), "", "file.too_large"},
		"a page":                  {[]byte("<!DOCTYPE html><p>Hello"), "", "file.kind"},
		"a page as text":          {[]byte("  \n<script>alert(1)</script>"), "", "file.kind"},
		"a drawing with script":   {[]byte("<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>"), "", "file.kind"},
		"a program":               {[]byte("MZ\x90\x00\x03"), "", "file.kind"},
		"an archive":              {[]byte("PK\x03\x04abc"), "", "file.kind"},
		"text with zero bytes":    {[]byte("a\x00b"), "", "file.kind"},
		"text in another coding":  {[]byte("caf\xe9"), "", "file.kind"},
		"text that rings":         {[]byte("a\x1b[2Jb"), "", "file.kind"},
	} {
		media, clean, err := cleanFile(c.data)
		var f *fault.Error
		errors.As(err, &f)
		if c.key == "" && (err != nil || media != c.media || len(clean) == 0) || c.key != "" && (f == nil || len(f.Fields) != 1 || f.Fields[0].Key != c.key) {
			t.Errorf("%s is %q, %v; want %q, %q", name, media, err, c.media, c.key)
		}
	}
}

func TestPicturesTellNothingButThemselves(t *testing.T) {
	for how, want := range map[byte]image.Point{1: {8, 16}, 3: {56, 16}, 6: {16, 8}, 8: {16, 56}} {
		_, clean, err := cleanFile(jpegHeld(t, how))
		must(t, err)
		if bytes.Contains(clean, []byte("GPS")) || bytes.Contains(clean, []byte("Exif")) || bytes.Contains(clean, []byte("script")) {
			t.Errorf("held %d: what the camera noted is still there", how)
		}
		m, err := jpeg.Decode(bytes.NewReader(clean))
		must(t, err)
		if r, _, b, _ := m.At(want.X, want.Y).RGBA(); r < b {
			t.Errorf("held %d: the picture is not turned as it was held", how)
		}
	}
	behind := append(pngOf(t, 2, 2), "<html>behind the picture"...)
	if _, clean, err := cleanFile(behind); err != nil || bytes.Contains(clean, []byte("html")) {
		t.Error("what stood behind a PNG came along:", err)
	}
}

func TestFileNames(t *testing.T) {
	for _, c := range [][3]string{
		{"acta.pdf", "application/pdf", "acta.pdf"}, {"ACTA.PDF", "application/pdf", "ACTA.PDF"}, {"photo.jpeg", "image/jpeg", "photo.jpeg"},
		{"../../etc/passwd", "text/plain", "passwd.txt"}, {`C:\\dir\\a.png`, "image/png", "a.png"}, {"a.pdf.exe", "application/pdf", "a.pdf.exe.pdf"},
		{"invoice\u202efdp.exe", "text/plain", "invoicefdp.exe.txt"}, {`a"b;c%0d.txt`, "text/plain", "a_b_c_0d.txt"}, {"a\r\nSet-Cookie: x", "text/plain", "a Set-Cookie_ x.txt"},
		{"", "application/pdf", "document.pdf"}, {"...", "application/pdf", "document.pdf"}, {".pdf", "application/pdf", "document.pdf"}, {"/", "image/png", "_.png"},
		{"水.pdf", "application/pdf", "水.pdf"}, {"\xff\xfe", "text/plain", "document.txt"},
	} {
		if got := FileName(c[0], c[1]); got != c[2] {
			t.Errorf("%q is called %q, want %q", c[0], got, c[2])
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("../a\u202e\".pdf")
	f.Add(strings.Repeat("é.", 200))
	f.Fuzz(func(t *testing.T, name string) {
		for media, end := range fileEnds {
			got := FileName(name, media)
			if again := FileName(got, media); again != got {
				t.Errorf("%q became %q and then %q", name, got, again)
			}
			if strings.ContainsAny(got, "/\\\"\r\n\x00") || len([]rune(got)) > MaxFileName || !strings.HasSuffix(strings.ToLower(got), end) && !strings.HasSuffix(strings.ToLower(got), ".jpeg") {
				t.Errorf("%q became %q", name, got)
			}
		}
	})
}

func FuzzCleanFile(f *testing.F) {
	f.Add([]byte(pdf))
	f.Add(pngOf(f, 2, 2))
	f.Add(jpegHeld(f, 6))
	f.Fuzz(func(t *testing.T, data []byte) {
		media, clean, err := cleanFile(data)
		if err == nil && (fileEnds[media] == "" || len(clean) == 0 || len(clean) > MaxFile) {
			t.Errorf("%q, %d bytes", media, len(clean))
		}
	})
}
