package main

import (
	"net"
	"strings"
	"testing"
)

func TestLocalAddress(t *testing.T) {
	prefix := func(s string) net.Addr {
		ip, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		return &net.IPNet{IP: ip, Mask: n.Mask}
	}
	for want, all := range map[string][]net.Addr{
		"192.168.1.7": {prefix("127.0.0.1/8"), prefix("fe80::1/64"), prefix("169.254.3.4/16"), prefix("192.168.1.7/24")},
		"10.0.0.9":    {prefix("203.0.113.5/24"), prefix("10.0.0.9/8"), prefix("172.16.0.1/12")},
		"":            {prefix("127.0.0.1/8"), prefix("203.0.113.5/24"), prefix("fd00::2/64")},
	} {
		ip, ok := localAddress(all)
		if ok != (want != "") || ok && ip.String() != want {
			t.Errorf("want %q, found %v %v", want, ip, ok)
		}
	}
}

func TestRoomRefusesHTTPS(t *testing.T) {
	c := ServeCmd{Addr: "127.0.0.1:0", URL: "https://example.org", Room: true}
	if err := c.enterRoom(); err == nil || !strings.Contains(err.Error(), "https") {
		t.Error(err)
	}
	c = ServeCmd{Addr: "192.0.2.1:7080", Room: true}
	if err := c.enterRoom(); err != nil || c.Addr != "192.0.2.1:7080" {
		t.Error("a chosen address was changed:", c.Addr, err)
	}
}
