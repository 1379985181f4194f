package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// token is a join token: the plain secret, or K10<SHA-256 of the CA>::<user>:<secret> (docs.k3s.io/cli/token).
type token struct {
	authority, secret string
}

func parseToken(text string) token {
	if rest, full := strings.CutPrefix(text, "K10"); full {
		if hash, login, ok := strings.Cut(rest, "::"); ok {
			if _, secret, named := strings.Cut(login, ":"); named {
				login = secret
			}
			return token{hash, login}
		}
	}
	return token{"", text}
}

func fullToken(authority []byte, user, secret string) string {
	return fmt.Sprintf("K10%s::%s:%s", hashOf(authority), user, secret)
}

func hashOf(authority []byte) string {
	sum := sha256.Sum256(authority)
	return hex.EncodeToString(sum[:])
}

// trusts refuses a cluster whose CA is not the one that the token names.
func (t token) trusts(authority []byte) error {
	if t.authority != "" && t.authority != hashOf(authority) {
		return fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", t.authority, hashOf(authority))
	}
	if t.authority == "" {
		warn("Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. " +
			"Use the full token from the server's node-token file to enable Cluster CA validation.")
	}
	return nil
}

// serverSecrets gives what joining servers and agents must present. The first start fixes it: K3s encrypts the
// cluster's bootstrap data with it and does not start with another one.
func serverSecrets(s *settings, authority []byte) (server, agent string, err error) {
	if server, err = s.secret("token"); err != nil {
		return "", "", err
	}
	server = parseToken(server).secret
	if kept, readErr := os.ReadFile(tokenFile); readErr == nil {
		old := parseToken(strings.TrimSpace(string(kept))).secret
		if server != "" && server != old {
			return "", "", fmt.Errorf("bootstrap data already found and encrypted with different token")
		}
		server = old
	}
	if server == "" {
		random := make([]byte, 16)
		if _, err := rand.Read(random); err != nil {
			return "", "", err
		}
		server = hex.EncodeToString(random)
	}
	if agent, err = s.secret("agent-token"); err != nil {
		return "", "", err
	}
	if agent == "" {
		agent = server
	}
	if err := writeFile(tokenFile, []byte(fullToken(authority, "server", server)+"\n"), 0o600); err != nil {
		return "", "", err
	}
	_ = os.Remove(nodeTokenFile)
	return server, agent, os.Symlink(tokenFile, nodeTokenFile)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
