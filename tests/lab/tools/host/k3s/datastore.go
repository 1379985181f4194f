package main

import (
	"fmt"
	"os"
	"time"
)

// datastore is what the API server keeps its objects in.
type datastore interface {
	apiServerFlags() []string
	// shared: other servers may have a part in it.
	shared() bool
}

// startDatastore follows K3s: etcd where a cluster was begun with it or is joined, an endpoint that was named, else
// SQLite behind kine.
func startDatastore(srv *server) (datastore, error) {
	s := srv.settings
	if endpoint := s.text("datastore-endpoint", ""); endpoint != "" {
		return nil, fmt.Errorf("datastore-endpoint: the lab's stand-in for K3s has SQLite and embedded etcd")
	}
	if s.on("cluster-init") || s.text("server", "") != "" || exists(etcdFolder) {
		if exists(databaseFolder + "/state.db") {
			return nil, fmt.Errorf("the lab's stand-in for K3s does not migrate SQLite to etcd")
		}
		return startEtcd(srv)
	}
	return startKine(srv)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

const kineSocket = serverFolder + "/kine.sock"

// kine is SQLite with etcd's protocol in front.
type kine struct{}

func startKine(srv *server) (datastore, error) {
	if err := os.MkdirAll(databaseFolder, 0o700); err != nil {
		return nil, err
	}
	_ = os.Remove(kineSocket)
	// Its default database is ./db/state.db, and a child starts in the server's folder: K3s' own place.
	if err := srv.children.start("kine", component("kine"), "--endpoint=sqlite://", "--listen-address=unix://"+kineSocket,
		"--metrics-bind-address=0"); err != nil {
		return nil, err
	}
	for range 300 {
		if exists(kineSocket) {
			return kine{}, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, fmt.Errorf("kine does not listen on %s", kineSocket)
}

func (kine) apiServerFlags() []string { return []string{"--etcd-servers=unix://" + kineSocket} }
func (kine) shared() bool             { return false }
