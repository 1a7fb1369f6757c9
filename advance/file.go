package advance

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"translocal/fault"
)

// The sorts of files that can be attached, by their media type, and the end that
// their names get.
var fileEnds = map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "text/plain": ".txt"}

// MaxFile is the largest document, in bytes.
const MaxFile = 10 << 20

// Bounds on pictures: opening one takes no more memory than that, whatever its few
// bytes claim.
const (
	maxSide   = 20_000
	maxPixels = 100 << 20 // bytes of all its points
)

// cleanFile finds out by its content what a file is and gives it as it is kept:
// pictures are written anew, which leaves behind where and with what they were
// taken; text and PDFs stay as they are. Faults are at field "file".
func cleanFile(data []byte) (media string, clean []byte, err error) {
	switch {
	case len(data) == 0:
		return "", nil, fault.At("file", "file.empty")
	case len(data) > MaxFile:
		return "", nil, fault.At("file", "file.too_large", "max", MaxFile>>20)
	}
	switch {
	case bytes.HasPrefix(data, []byte("%PDF-")):
		media, clean = "application/pdf", data
		if !bytes.Contains(data[max(0, len(data)-1024):], []byte("%%EOF")) {
			return "", nil, fault.At("file", "file.damaged")
		}
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		media = "image/png"
		clean, err = cleanPicture(data, png.DecodeConfig, png.Decode, png.Encode)
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		media = "image/jpeg"
		clean, err = cleanPicture(data, jpeg.DecodeConfig, jpeg.Decode, func(w io.Writer, m image.Image) error {
			return jpeg.Encode(w, turned(m, orientation(data)), &jpeg.Options{Quality: 90})
		})
	case isPlain(data):
		media, clean = "text/plain", data
	default:
		return "", nil, fault.At("file", "file.kind")
	}
	if err == nil && len(clean) > MaxFile {
		err = fault.At("file", "file.too_large", "max", MaxFile>>20)
	}
	return media, clean, err
}

// isPlain tells whether bytes are text that no browser would take for a page.
func isPlain(data []byte) bool {
	begins := bytes.TrimLeft(data, "\ufeff \t\n\r\f")
	if !utf8.Valid(data) || bytes.HasPrefix(begins, []byte("<")) || bytes.HasPrefix(begins, []byte("%!PS")) {
		return false
	}
	return !bytes.ContainsFunc(data, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\f", r)
	})
}

func cleanPicture(data []byte, config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error), encode func(io.Writer, image.Image) error) ([]byte, error) {
	c, err := config(bytes.NewReader(data))
	if err != nil {
		return nil, fault.At("file", "file.damaged")
	}
	point := 4
	if c.ColorModel == color.NRGBA64Model || c.ColorModel == color.RGBA64Model || c.ColorModel == color.Gray16Model {
		point = 8
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide || c.Width*c.Height*point > maxPixels {
		return nil, fault.At("file", "file.too_many_points")
	}
	m, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, fault.At("file", "file.damaged")
	}
	var out bytes.Buffer
	if err := encode(&out, m); err != nil {
		return nil, fault.At("file", "file.damaged")
	}
	return out.Bytes(), nil
}

// orientation is how a camera held a JPEG, 1 to 8 as Exif counts; 1 where it
// doesn't say. It has to be looked up, for what says it is left behind.
func orientation(data []byte) int {
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if size < 2 || at+2+size > len(data) || marker == 0xda { // the picture itself begins
			return 1
		}
		if body := data[at+4 : at+2+size]; marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return orientationIn(body[6:])
		}
		at += 2 + size
	}
	return 1
}

// orientationIn reads tag 0x112 of the first directory of a TIFF header.
func orientationIn(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == 0x112 {
			if v := order.Uint16(entries[8:]); v >= 1 && v <= 8 {
				return int(v)
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

// turned is a picture as it was held.
func turned(m image.Image, how int) image.Image {
	if how == 1 {
		return m
	}
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	size := image.Rect(0, 0, w, h)
	if how > 4 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch how {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			out.Set(tx, ty, m.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// FileName is a name under which a file of a media type can be shown and saved
// safely, whatever it was called: no path, no sign that turns or hides others, and
// the end of what it is. It is the same when given its own result.
func FileName(name, media string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, ""))
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		case strings.ContainsRune(`"'<>:|?*/;%`+"`", r):
			return '_'
		}
		return r
	}, name)
	end := fileEnds[media]
	if media == "image/jpeg" && strings.HasSuffix(strings.ToLower(name), ".jpeg") {
		end = ".jpeg"
	}
	if strings.HasSuffix(strings.ToLower(name), end) {
		end, name = name[len(name)-len(end):], name[:len(name)-len(end)]
	}
	name = strings.Trim(strings.Join(strings.Fields(name), " "), ". ")
	if r := []rune(name); len(r) > MaxFileName-len(end) {
		name = strings.TrimRight(string(r[:MaxFileName-len(end)]), ". ")
	}
	if name == "" {
		name = "document"
	}
	return name + end
}

// MaxFileName is the longest name of a file, in characters.
const MaxFileName = 120
