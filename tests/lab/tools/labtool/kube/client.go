// Package kube talks to the Kubernetes API from inside a pod: the few verbs that the lab needs, on plain HTTP and JSON.
package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// fieldManager names the writer in managedFields.
const fieldManager = "seldon-k3s-lab"

// Client speaks as the pod's service account.
type Client struct {
	base      string
	authority []byte
	// token gives the present one: kubelet renews a pod's.
	token func() (string, error)
	http  *http.Client
}

// StatusError is an answer other than 2xx.
type StatusError struct {
	Code int
	Text string
}

func (e *StatusError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.Code, e.Text) }

// IsStatus tells whether an error is an answer with this code.
func IsStatus(err error, code int) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code == code
}

// InCluster makes a client from what kubelet puts into every pod. The environment variables KUBERNETES_SERVICE_HOST and
// KUBERNETES_SERVICE_PORT may be set otherwise, to reach the API without kube-proxy.
func InCluster() (*Client, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	authority, err := os.ReadFile(serviceAccount + "/ca.crt")
	if err != nil {
		return nil, fmt.Errorf("no service account in this pod: %w", err)
	}
	return newClient("https://"+net.JoinHostPort(host, port), authority, func() (string, error) {
		text, err := os.ReadFile(serviceAccount + "/token")
		return strings.TrimSpace(string(text)), err
	}), nil
}

// FromKubeconfig makes a client from a kubeconfig in JSON, as the agent writes it for the CNI plugin.
func FromKubeconfig(path string) (*Client, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server    string `json:"server"`
				Authority []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct{ Token string } `json:"user"`
		} `json:"users"`
	}
	if err := json.Unmarshal(content, &config); err != nil {
		return nil, fmt.Errorf("%s is not a kubeconfig in JSON: %w", path, err)
	}
	if len(config.Clusters) == 0 || len(config.Users) == 0 {
		return nil, fmt.Errorf("%s names no cluster or no user", path)
	}
	cluster, token := config.Clusters[0].Cluster, config.Users[0].User.Token
	return newClient(cluster.Server, cluster.Authority, func() (string, error) { return token, nil }), nil
}

func newClient(base string, authority []byte, token func() (string, error)) *Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool},
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: 4,
	}
	return &Client{base: base, authority: authority, token: token, http: &http.Client{Transport: transport}}
}

// Server gives the address of the API and the certificate of its authority.
func (c *Client) Server() (string, []byte) { return c.base, c.authority }

// Get reads one object, or a list, into out.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.call(ctx, http.MethodGet, path, "", nil, out)
}

// Create makes an object; an object that exists already is an error with status 409.
func (c *Client) Create(ctx context.Context, collection string, object any) error {
	return c.call(ctx, http.MethodPost, collection, "application/json", object, nil)
}

// Exchange posts an object and reads the answer.
func (c *Client) Exchange(ctx context.Context, path string, in, out any) error {
	return c.call(ctx, http.MethodPost, path, "application/json", in, out)
}

// Replace writes a whole object over the one that is there.
func (c *Client) Replace(ctx context.Context, path string, object any) error {
	return c.call(ctx, http.MethodPut, path, "application/json", object, nil)
}

// Apply makes an object so, by server-side apply. The path names the object.
func (c *Client) Apply(ctx context.Context, path string, object any) error {
	return c.call(ctx, http.MethodPatch, path+"?force=true&fieldManager="+fieldManager, "application/apply-patch+yaml", object, nil)
}

// Merge patches an object by a JSON merge patch.
func (c *Client) Merge(ctx context.Context, path string, patch any) error {
	return c.call(ctx, http.MethodPatch, path, "application/merge-patch+json", patch, nil)
}

// Strategic patches an object by a strategic merge patch.
func (c *Client) Strategic(ctx context.Context, path string, patch any) error {
	return c.call(ctx, http.MethodPatch, path, "application/strategic-merge-patch+json", patch, nil)
}

// Delete takes an object away; one that is not there is no error.
func (c *Client) Delete(ctx context.Context, path string) error {
	err := c.call(ctx, http.MethodDelete, path, "", nil, nil)
	if IsStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

func (c *Client) call(ctx context.Context, method, path, contentType string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	response, err := c.request(ctx, method, path, contentType, in)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s: answer is not the JSON that was expected: %w", method, path, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path, contentType string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		bytesOf, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(bytesOf)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		defer response.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(response.Body, 2000))
		return nil, &StatusError{Code: response.StatusCode, Text: messageOf(text)}
	}
	return response, nil
}

func messageOf(body []byte) string {
	var status struct{ Message string }
	if json.Unmarshal(body, &status) == nil && status.Message != "" {
		return status.Message
	}
	return strings.TrimSpace(string(body))
}
