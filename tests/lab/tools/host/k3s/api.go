package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// httpsClient asks a server whose CA is known, with a client certificate where one is given.
type httpsClient struct {
	base     string
	user     string
	password string
	client   *http.Client
}

func newClient(base string, authority []byte, certificate *pair) (*httpsClient, error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	config := &tls.Config{RootCAs: pool}
	if certificate != nil {
		parsed, err := tls.X509KeyPair(certificate.Certificate, certificate.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{parsed}
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	return &httpsClient{base: base, client: &http.Client{Transport: transport, Timeout: 15 * time.Second}}, nil
}

// statusError is an answer that is no success.
type statusError struct {
	code int
	text string
}

func (e statusError) Error() string { return e.text }

// do sends a JSON body, nil for none, and reads the JSON answer into result, nil for none.
func (c *httpsClient) do(method, path, contentType string, body, result any) error {
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, c.base+path, reader)
	if err != nil {
		return err
	}
	if c.user != "" {
		request.SetBasicAuth(c.user, c.password)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return statusError{response.StatusCode, fmt.Sprintf("%s%s: %s: %.300s", c.base, path, response.Status, answer)}
	}
	if result == nil {
		return nil
	}
	if raw, ok := result.(*[]byte); ok {
		*raw = answer
		return nil
	}
	return json.Unmarshal(answer, result)
}

func (c *httpsClient) get(path string, result any) error {
	return c.do(http.MethodGet, path, "application/json", nil, result)
}

func (c *httpsClient) post(path string, body, result any) error {
	return c.do(http.MethodPost, path, "application/json", body, result)
}

// patch sends a merge patch, a strategic one where strategic is set.
func (c *httpsClient) patch(path string, strategic bool, body any) error {
	kind := "application/merge-patch+json"
	if strategic {
		kind = "application/strategic-merge-patch+json"
	}
	return c.do(http.MethodPatch, path, kind, body, nil)
}

// object is what the lab reads of a Kubernetes object.
type object struct {
	Metadata struct {
		Name              string            `json:"name"`
		Labels            map[string]string `json:"labels"`
		Annotations       map[string]string `json:"annotations"`
		Finalizers        []string          `json:"finalizers"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
	} `json:"status"`
	// Subsets of an Endpoints object.
	Subsets []struct {
		Addresses []struct {
			IP string `json:"ip"`
		} `json:"addresses"`
	} `json:"subsets"`
}

type objects struct {
	Items []object `json:"items"`
}
