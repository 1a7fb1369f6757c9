package fed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"translocal/fault"
)

// MayReach refuses an address at which this node sends nothing: one without
// https, or with somebody's password in it. Whether it leads to a private network is
// looked at when it is dialled, each time anew.
func (n *Node) MayReach(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fault.At("address", "fault.url")
	}
	return n.client.mayFetch(u)
}

// Post sends a body to an address that a person named, through the same guard
// as between nodes, and returns the status of the answer, whatever it is. It
// follows no redirection, and its error doesn't name the address.
func (n *Node) Post(ctx context.Context, address string, header map[string]string, body []byte) (status int, err error) {
	if err := n.MayReach(address); err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, fault.At("address", "fault.url")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Header.Set("User-Agent", "translocal")
	c := *n.client.http
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := c.Do(r)
	if err != nil {
		var named *url.Error
		if errors.As(err, &named) {
			err = named.Err
		}
		return 0, fault.Wrap(fault.Unavailable, err, "fault.unreachable")
	}
	defer res.Body.Close()
	io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can serve again
	return res.StatusCode, nil
}
