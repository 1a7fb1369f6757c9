package main

import (
	"fmt"
	"net"
	"testing"
)

func addresses(t *testing.T, list ...string) (out []net.Addr) {
	t.Helper()
	for _, s := range list {
		ip, network, err := net.ParseCIDR(s)
		must(t, err)
		network.IP = ip
		out = append(out, network)
	}
	return out
}

// A node that listens everywhere shows an address that a phone can reach.
func TestReachable(t *testing.T) {
	for _, c := range []struct {
		found []string
		want  string
	}{
		{nil, "http://127.0.0.1:7080 []"},
		{[]string{"127.0.0.1/8", "::1/128", "203.0.113.7/24", "fe80::1/64"}, "http://127.0.0.1:7080 []"},
		{[]string{"127.0.0.1/8", "192.168.1.7/24"}, "http://192.168.1.7:7080 []"},
		{[]string{"10.0.0.4/8", "192.168.1.7/24", "172.17.0.1/16"}, "http://10.0.0.4:7080 [http://192.168.1.7:7080 http://172.17.0.1:7080]"},
	} {
		base, others := everywhere(addresses(t, c.found...), "7080")
		if got := fmt.Sprint(base, " ", others); got != c.want {
			t.Errorf("%v: %s", c.found, got)
		}
	}
	for listens, want := range map[string]string{"127.0.0.1:7080": "http://127.0.0.1:7080", "192.168.1.7:1": "http://192.168.1.7:1"} {
		if base, others := reachable(listens); base != want || others != nil {
			t.Errorf("%s: %s %v", listens, base, others)
		}
	}
	if base, _ := reachable("[::]:7080"); base == "http://[::]:7080" {
		t.Error("an address that nobody can type:", base)
	}
}
