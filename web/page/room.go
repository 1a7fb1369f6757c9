package page

import (
	"cmp"
	"fmt"
	"image/color"
	"net/netip"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// TerminalQR draws an address as a QR code out of half blocks, two rows of modules
// a line, for a terminal: the light modules are the blocks, so it is read on a
// dark ground, and most phones read it on a light one too. "" when the address
// does not fit into a code.
func TerminalQR(address string) string {
	code, err := qr.Encode(address, qr.L, qr.Auto)
	if err != nil {
		return ""
	}
	const border = 2
	n := code.Bounds().Dx()
	light := func(x, y int) bool {
		if x < 0 || y < 0 || x >= n || y >= n {
			return true
		}
		return color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y >= 128
	}
	var b strings.Builder
	for y := -border; y < n+border; y += 2 {
		for x := -border; x < n+border; x++ {
			switch up, down := light(x, y), light(x, y+1); {
			case up && down:
				b.WriteRune('█')
			case up:
				b.WriteRune('▀')
			case down:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// encrypted tells whether what browsers and this node say to each other can be
// read by others on the way.
func (f Frame) encrypted() bool { return strings.HasPrefix(f.shown(), "https://") }

// shown is the address that people type and phones read.
func (f Frame) shown() string { return cmp.Or(f.Shown, f.Base) }

// near tells whether the address is known in one network alone.
func (f Frame) near() bool {
	u, err := url.Parse(f.shown())
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()) || strings.HasSuffix(u.Hostname(), ".local")
}

// square is the view box of a code of so many modules.
func square(size int) string { return fmt.Sprintf("0 0 %d %d", size, size) }
