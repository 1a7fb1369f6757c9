package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"translocal/web/page"
)

// enterRoom turns an address that this machine alone reaches into one that the
// local network does. An address that was chosen stays.
func (c *ServeCmd) enterRoom() error {
	if strings.HasPrefix(c.URL, "https://") {
		return fmt.Errorf("--room is for a link without encryption, and --url says https. Leave one of them out")
	}
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w", c.Addr, err)
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return nil
	}
	found, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("look for the local network: %w", err)
	}
	ip, ok := localAddress(found)
	if !ok {
		return fmt.Errorf("no local network was found. Join one, or name the address with --addr")
	}
	c.Addr = net.JoinHostPort(ip.String(), port)
	return nil
}

// localAddress is the first of a machine's addresses at which others in the same
// network reach it: a private one of IPv4, which is short enough to be typed.
func localAddress(all []net.Addr) (netip.Addr, bool) {
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if ip := p.Addr(); err == nil && ip.Is4() && ip.IsPrivate() {
			return ip, true
		}
	}
	return netip.Addr{}, false
}

// greetRoom shows the address as a code, and what the room should know.
func greetRoom(base string) {
	fmt.Fprint(os.Stdout, page.TerminalQR(base))
	fmt.Fprintf(os.Stdout, "For the wall: %s/room\n", base)
	fmt.Fprintln(os.Stdout, "This link is NOT encrypted: others in the same network can read what is sent, passwords too.")
}
