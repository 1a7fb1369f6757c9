// Package passkeytest is a device with a passkey, for tests: it answers as a
// browser does, and lies when a test changes its fields.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
)

// Flags of what a device says of itself: that somebody was there, that it knew
// who, that the key can be copied to others, and that it tells a new key.
const (
	Present  = 1 << 0
	Verified = 1 << 2
	Copied   = 1 << 3
	newKey   = 1 << 6
)

// Device holds one passkey.
type Device struct {
	Origin      string // of the page
	CrossOrigin bool   // the page stands in a frame of another
	Host        string // the site for which it signs
	ID          []byte
	User        []byte // as the site named its person when the key was made
	Key         *ecdsa.PrivateKey
	Flags       byte
	Counter     uint32 // how often it has signed
	Counts      bool
}

// New is a device with a fresh key, for pages of one origin.
func New(origin string) *Device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	u, err := url.Parse(origin)
	if err != nil {
		panic(err)
	}
	return &Device{Origin: origin, Host: u.Hostname(), ID: []byte(rand.Text()), Key: key, Flags: Present | Verified, Counts: true}
}

var base64url = base64.RawURLEncoding.EncodeToString

// Create answers what was asked of navigator.credentials.create.
func (d *Device) Create(options []byte) []byte {
	var o struct {
		Challenge string
		User      struct{ ID string }
	}
	unmarshal(options, &o)
	user, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	if err != nil {
		panic(err)
	}
	d.User = user
	data := d.data(newKey)
	data = append(data, make([]byte, 16)...) // a model without a name
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.ID)))
	data = append(append(data, d.ID...), d.cose()...)
	// {"fmt": "none", "attStmt": {}, "authData": data}, in CBOR
	object := []byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59")
	object = append(binary.BigEndian.AppendUint16(object, uint16(len(data))), data...)
	return d.answer(map[string]string{"clientDataJSON": base64url(d.client("webauthn.create", o.Challenge)), "attestationObject": base64url(object)})
}

// Get answers what was asked of navigator.credentials.get.
func (d *Device) Get(options []byte) []byte {
	var o struct{ Challenge string }
	unmarshal(options, &o)
	if d.Counts {
		d.Counter++
	}
	data, client := d.data(0), d.client("webauthn.get", o.Challenge)
	of := sha256.Sum256(client)
	digest := sha256.Sum256(append(data[:len(data):len(data)], of[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.Key, digest[:])
	if err != nil {
		panic(err)
	}
	return d.answer(map[string]string{"clientDataJSON": base64url(client), "authenticatorData": base64url(data),
		"signature": base64url(signature), "userHandle": base64url(d.User)})
}

func (d *Device) answer(response map[string]string) []byte {
	return marshal(map[string]any{"id": base64url(d.ID), "rawId": base64url(d.ID), "type": "public-key", "response": response})
}

func (d *Device) client(kind, challenge string) []byte {
	return marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.Origin, "crossOrigin": d.CrossOrigin})
}

// data is the authenticator data up to the counter.
func (d *Device) data(also byte) []byte {
	host := sha256.Sum256([]byte(d.Host))
	return binary.BigEndian.AppendUint32(append(host[:], d.Flags|also), d.Counter)
}

// cose is the public key: {1: 2, 3: -7, -1: 1, -2: x, -3: y}, in CBOR.
func (d *Device) cose() []byte {
	point, err := d.Key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	out := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}
	out = append(append(out, point[1:33]...), 0x22, 0x58, 0x20)
	return append(out, point[33:]...)
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func unmarshal(b []byte, v any) {
	if err := json.Unmarshal(b, v); err != nil {
		panic(err)
	}
}
