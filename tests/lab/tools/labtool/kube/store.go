package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"sync"
	"time"
)

// Meta is what every object has.
type Meta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace,omitempty"`
	UID               string            `json:"uid,omitempty"`
	Generation        int64             `json:"generation,omitempty"`
	ResourceVersion   string            `json:"resourceVersion,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	Finalizers        []string          `json:"finalizers,omitempty"`
	DeletionTimestamp *string           `json:"deletionTimestamp,omitempty"`
}

// Key is namespace and name.
func (m Meta) Key() string { return m.Namespace + "/" + m.Name }

// object is anything with metadata.
type object interface{ GetMeta() Meta }

// Store holds the objects of one collection as the API server last told of them. While the API server is away it keeps
// what it knows: a data plane must not forget its pods because a server restarts.
type Store[T object] struct {
	client  *Client
	path    string
	changed func()

	mutex  sync.Mutex
	items  map[string]T
	synced bool
}

// NewStore watches a collection (a path, without a query) until the context ends; changed is called after every change.
func NewStore[T object](ctx context.Context, client *Client, path string, changed func()) *Store[T] {
	store := &Store[T]{client: client, path: path, changed: changed, items: map[string]T{}}
	go store.run(ctx)
	return store
}

// Items gives the objects, and whether the collection has been read at all.
func (s *Store[T]) Items() ([]T, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	items := make([]T, 0, len(s.items))
	for _, item := range s.items {
		items = append(items, item)
	}
	return items, s.synced
}

func (s *Store[T]) run(ctx context.Context) {
	for ctx.Err() == nil {
		version, err := s.list(ctx)
		if err == nil {
			err = s.watch(ctx, version)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			log.Printf("%s: %v; reading it again", s.path, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (s *Store[T]) list(ctx context.Context) (string, error) {
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []T
	}
	if err := s.client.Get(ctx, s.path, &list); err != nil {
		// A resource that no definition serves yet is an empty collection; one that was served before is only away while
		// the API server starts.
		if _, synced := s.Items(); synced || !IsStatus(err, http.StatusNotFound) {
			return "", err
		}
	}
	items := make(map[string]T, len(list.Items))
	for _, item := range list.Items {
		items[item.GetMeta().Key()] = item
	}
	s.mutex.Lock()
	s.items, s.synced = items, true
	s.mutex.Unlock()
	s.changed()
	if list.Metadata.ResourceVersion == "" {
		return "", fmt.Errorf("not served yet")
	}
	return list.Metadata.ResourceVersion, nil
}

func (s *Store[T]) watch(ctx context.Context, version string) error {
	path := fmt.Sprintf("%s?watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=%s", s.path, version)
	response, err := s.client.request(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	for {
		var event struct {
			Type   string
			Object json.RawMessage
		}
		if err := decoder.Decode(&event); err != nil {
			return nil // The server ends a watch after a while; the next list catches up.
		}
		if event.Type == "BOOKMARK" {
			continue
		}
		if event.Type == "ERROR" {
			return fmt.Errorf("watch ended: %s", messageOf(event.Object))
		}
		var item T
		if err := json.Unmarshal(event.Object, &item); err != nil {
			return err
		}
		s.mutex.Lock()
		if event.Type == "DELETED" {
			delete(s.items, item.GetMeta().Key())
		} else {
			s.items[item.GetMeta().Key()] = item
		}
		s.mutex.Unlock()
		s.changed()
	}
}
