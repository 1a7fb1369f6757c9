package web

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Somebody adds a passkey and signs in with it, in a real browser with a device
// of its own making, at localhost: the one name for which browsers take plain http.
func TestBrowserPasskey(t *testing.T) {
	s := openTextSite(t)
	at := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	s.server.Shown, s.server.passkeys = at, s.server.Places.PasskeysAt(at)
	v := browse(t, at)
	device := v.device()
	v.width(320)
	v.open("/sign-in")
	v.send("main form[action='/sign-in'] button", "#f-pseudonym", "Alder", "#f-password", "a long password")
	v.sees("Alder")

	v.open("/account/access")
	add := "form[action='/account/access/passkeys'] button"
	v.send(add, "#f-passkey", "My phone", "#f-passkey_password", "not the password")
	v.sees("This is not your present password")
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#f-passkey_password").value = ""`))
	v.send(add, "#f-passkey_password", "a long password")
	v.sees("The passkey is added")
	v.sees("not used yet")
	v.lookedAt("/account/access")
	v.send("form[action='/account/access/passkeys'] button", "#f-passkey", "The same phone", "#f-passkey_password", "a long password")
	v.holds("nobody says that nothing was signed", `document.querySelector("[data-passkey-fault]").textContent.includes("Nothing was signed")`) // the device knows that it has a key already

	v.open("/account")
	v.do(chromedp.Click(chromedp.CSS("form[action$='/end'] button")))
	v.sees("signed out")
	v.open("/sign-in?next=%2Faccount%2Faccess")
	v.do(chromedp.Click(chromedp.CSS("form[action='/sign-in/passkey'] button")))
	v.sees("My phone")
	v.sees("last used")

	// One that was removed on the device: the browser has nothing to offer.
	if _, err := chromedp.Call(v.ctx, webauthn.ClearCredentials, webauthn.ClearCredentialsParams{AuthenticatorID: device}); err != nil {
		t.Fatal(err)
	}
	v.open("/account")
	v.do(chromedp.Click(chromedp.CSS("form[action$='/end'] button")))
	v.sees("signed out")
	v.open("/sign-in")
	v.do(chromedp.Click(chromedp.CSS("form[action='/sign-in/passkey'] button")))
	v.holds("nobody says that nothing was signed", `document.querySelector("[data-passkey-fault]").textContent.includes("Nothing was signed")`)
	v.lookedAt("/sign-in")

	v.base = s.URL // another address of the same node
	v.open("/sign-in")
	if shown := v.visible("[data-passkey-elsewhere]"); !shown || v.visible("form[data-passkey]") {
		t.Error("at another address the page offers what the browser would refuse")
	}
	v.base = at
	v.script(false)
	v.open("/sign-in")
	if shown := v.visible("[data-passkey-none]"); !shown || v.visible("form[data-passkey]") {
		t.Error("without script the page does not say that a passkey needs one")
	}
	v.shot("passkey-without-script")
	v.send("main form[action='/sign-in'] button", "#f-pseudonym", "Alder", "#f-password", "a long password")
	v.sees("Alder")
}

// device gives the browser a device that holds passkeys and says yes.
func (v *visitor) device() webauthn.AuthenticatorID {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		v.t.Fatal(err)
	}
	made, err := chromedp.Call(v.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
		IsUserVerified: true, AutomaticPresenceSimulation: true}})
	if err != nil {
		v.t.Fatal(err)
	}
	return made.AuthenticatorID
}

// visible tells whether something stands on the page and is not hidden; it works without script.
func (v *visitor) visible(selector string) bool {
	v.t.Helper()
	found, err := chromedp.Run(v.ctx, chromedp.Nodes(chromedp.CSS(selector+":not([hidden])"), chromedp.AtLeast(0)))
	if err != nil {
		v.t.Fatal(err)
	}
	return len(found) > 0
}

// lookedAt looks at a page in both languages and widths, with axe where it
// is installed, and goes back to English at the width of a phone.
func (v *visitor) lookedAt(path string) {
	v.t.Helper()
	axe, err := os.ReadFile(filepath.Join("browsertest", "node_modules", "axe-core", "axe.min.js"))
	for _, lang := range []string{"es", "en"} {
		for _, width := range []int64{1280, 320} {
			v.width(width)
			v.open(path + "?lang=" + lang)
			if err == nil {
				v.inspect(fmt.Sprintf("%s %d %s", lang, width, path), string(axe))
			}
			v.shot(fmt.Sprintf("passkey-%s-%d%s", lang, width, strings.ReplaceAll(path, "/", "-")))
		}
	}
}
