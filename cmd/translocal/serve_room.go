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

// localAddress is the first of localAddresses.
func localAddress(all []net.Addr) (netip.Addr, bool) {
	list := localAddresses(all)
	if len(list) == 0 {
		return netip.Addr{}, false
	}
	return list[0], true
}

// localAddresses are those of a machine's addresses at which others in the same
// network reach it: private ones of IPv4, which are short enough to be typed.
func localAddresses(all []net.Addr) (list []netip.Addr) {
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if ip := p.Addr(); err == nil && ip.Is4() && ip.IsPrivate() {
			list = append(list, ip)
		}
	}
	return list
}

// reachable is the URL of what listens at an address, and other URLs at which it
// is reached too. Of one that listens everywhere (0.0.0.0), no phone could use the
// address itself: it is that in the local network.
func reachable(listens string) (base string, others []string) {
	host, port, err := net.SplitHostPort(listens)
	ip, bad := netip.ParseAddr(host)
	if err != nil || bad != nil || !ip.IsUnspecified() {
		return "http://" + listens, nil
	}
	found, _ := net.InterfaceAddrs() // none found: this machine alone reaches it
	return everywhere(found, port)
}

func everywhere(found []net.Addr, port string) (base string, others []string) {
	base = "http://" + net.JoinHostPort("127.0.0.1", port)
	for i, ip := range localAddresses(found) {
		if at := "http://" + net.JoinHostPort(ip.String(), port); i == 0 {
			base = at
		} else {
			others = append(others, at)
		}
	}
	return base, others
}

// greetMoved says at which other addresses the node is reached, and what became
// of the names of its texts when its address is another than it was.
func greetMoved(base, named string, others []string) {
	for _, at := range others {
		fmt.Fprintf(os.Stdout, "Also at %s, in another network of this machine.\n", at)
	}
	if named != base {
		fmt.Fprintf(os.Stdout, "What was made here keeps its name, which begins with %s. Other nodes find it only while the node is reached there, too.\n", named)
	}
}

// greetRoom shows the address as a code, and what the room should know.
func greetRoom(base string) {
	fmt.Fprint(os.Stdout, page.TerminalQR(base))
	fmt.Fprintf(os.Stdout, "For the wall: %s/room\n", base)
	fmt.Fprintln(os.Stdout, "This link is NOT encrypted: others in the same network can read what is sent, passwords too.")
}
