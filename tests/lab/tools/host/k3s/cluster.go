package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"
)

// cluster is one server of a cluster, as a host that joins sees it.
type cluster struct {
	*httpsClient
	authority []byte
}

// fetchAuthority asks for the CA before it can be trusted; the token decides whether it is the right one.
func fetchAuthority(host string) ([]byte, error) {
	client := &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
	}
	response, err := client.Get(supervisorURL(host) + "/cacerts")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("https://%s:%d/cacerts: %s", host, supervisorPort, response.Status)
	}
	return io.ReadAll(response.Body)
}

func supervisorURL(host string) string { return fmt.Sprintf("https://%s:%d", host, supervisorPort) }

// reach connects to the first of the hosts that answers. A wrong token is an error that waiting does not mend.
func reach(hosts []string, secret string) (*cluster, error) {
	var last error
	for _, host := range hosts {
		authority, err := fetchAuthority(host)
		if err != nil {
			last = err
			continue
		}
		t := parseToken(secret)
		if err := t.trusts(authority); err != nil {
			return nil, permanent{err}
		}
		client, err := newClient(supervisorURL(host), authority, nil)
		if err != nil {
			return nil, err
		}
		client.user, client.password = "node", t.secret
		return &cluster{client, authority}, nil
	}
	return nil, last
}

// permanent is a fault that does not go away by waiting.
type permanent struct{ error }
