package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"
)

const etcdNameFile = etcdFolder + "/name"

// etcd is a member of the cluster's own store.
type etcd struct {
	srv  *server
	name string
	// local asks this member through etcd's JSON gateway, so that the lab needs no client library.
	local *httpsClient
}

// member is a member as etcd's gateway tells it.
type member struct {
	ID        string   `json:"ID"`
	Name      string   `json:"name"`
	PeerURLs  []string `json:"peerURLs"`
	IsLearner bool     `json:"isLearner"`
}

type memberList struct {
	Members []member `json:"members"`
}

func startEtcd(srv *server) (datastore, error) {
	e := &etcd{srv: srv}
	var err error
	if e.local, err = etcdClient("127.0.0.1"); err != nil {
		return nil, err
	}
	initial, state := "", "new"
	if name, readErr := os.ReadFile(etcdNameFile); readErr == nil {
		e.name = strings.TrimSpace(string(name))
	} else {
		random := make([]byte, 4)
		if _, err := rand.Read(random); err != nil {
			return nil, err
		}
		e.name = srv.node.name + "-" + hex.EncodeToString(random)
		initial = e.name + "=" + e.peerURL()
		if url := srv.settings.text("server", ""); url != "" {
			state = "existing"
			if initial, err = e.joinMembers(hostOf(url)); err != nil {
				return nil, err
			}
		}
		if err := os.MkdirAll(etcdFolder, 0o700); err != nil {
			return nil, err
		}
		if err := writeFile(etcdNameFile, []byte(e.name), 0o600); err != nil {
			return nil, err
		}
	}
	if err := e.run(initial, state); err != nil {
		return nil, err
	}
	return e, e.waitVoter()
}

func etcdClient(host string) (*httpsClient, error) {
	authority, err := os.ReadFile(inTLS("etcd/server-ca.crt"))
	if err != nil {
		return nil, err
	}
	certificate, err := loadPair(tlsFolder, "etcd/client")
	if err != nil {
		return nil, err
	}
	return newClient("https://"+host+":2379", authority, &certificate)
}

func (e *etcd) peerURL() string { return "https://" + e.srv.node.address + ":2380" }

func (e *etcd) run(initial, state string) error {
	client := "https://127.0.0.1:2379,https://" + e.srv.node.address + ":2379"
	args := []string{
		"--name=" + e.name,
		"--data-dir=" + etcdFolder,
		"--listen-client-urls=" + client,
		"--advertise-client-urls=https://" + e.srv.node.address + ":2379",
		"--listen-peer-urls=" + e.peerURL(),
		"--initial-advertise-peer-urls=" + e.peerURL(),
		"--client-cert-auth", "--trusted-ca-file=" + inTLS("etcd/server-ca.crt"),
		"--cert-file=" + inTLS("etcd/server-client.crt"), "--key-file=" + inTLS("etcd/server-client.key"),
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + inTLS("etcd/peer-ca.crt"),
		"--peer-cert-file=" + inTLS("etcd/peer-server-client.crt"), "--peer-key-file=" + inTLS("etcd/peer-server-client.key"),
		// K3s' own values.
		"--heartbeat-interval=500", "--election-timeout=5000", "--snapshot-count=10000",
		"--listen-metrics-urls=http://127.0.0.1:2381",
		// A host of the lab loses its processes, not the machine's page cache: nothing is lost by not waiting for the disk.
		"--unsafe-no-fsync",
	}
	if initial != "" {
		args = append(args, "--initial-cluster="+initial, "--initial-cluster-state="+state)
	}
	return e.srv.children.start("etcd", component("etcd"), append(args, passed(e.srv.settings, "etcd-arg")...)...)
}

// joinMembers announces this server as a learner, as K3s does, and gives the list to start with. A member of the same
// address that never came up is left from an earlier attempt and taken away first.
func (e *etcd) joinMembers(host string) (string, error) {
	remote, err := etcdClient(host)
	if err != nil {
		return "", err
	}
	for told := ""; ; time.Sleep(time.Second) {
		initial, err := e.addLearner(remote)
		if err == nil {
			return initial, nil
		}
		// etcd takes one learner at a time, and none while a member that was just added is not up.
		if err.Error() != told {
			told = err.Error()
			info("Waiting to be added to the etcd cluster: %v", err)
		}
	}
}

func (e *etcd) addLearner(remote *httpsClient) (string, error) {
	var now memberList
	if err := remote.post("/v3/cluster/member/list", struct{}{}, &now); err != nil {
		return "", err
	}
	for _, one := range now.Members {
		if len(one.PeerURLs) > 0 && one.PeerURLs[0] == e.peerURL() {
			info("Removing the stale etcd member %s of this address", one.ID)
			if err := remote.post("/v3/cluster/member/remove", map[string]string{"ID": one.ID}, nil); err != nil {
				return "", err
			}
		}
	}
	var added memberList
	request := map[string]any{"peerURLs": []string{e.peerURL()}, "isLearner": true}
	if err := remote.post("/v3/cluster/member/add", request, &added); err != nil {
		return "", err
	}
	var initial []string
	for _, one := range added.Members {
		name := one.Name
		if one.PeerURLs[0] == e.peerURL() {
			name = e.name
		}
		initial = append(initial, name+"="+one.PeerURLs[0])
	}
	return strings.Join(initial, ","), nil
}

// waitVoter promotes this member as soon as it has caught up; the API server needs one that answers reads.
func (e *etcd) waitVoter() error {
	for told := ""; ; time.Sleep(500 * time.Millisecond) {
		voter, err := e.promote()
		if err == nil && voter {
			return nil
		}
		if err != nil && err.Error() != told {
			told = err.Error()
			info("Waiting for etcd: %v", err)
		}
	}
}

// promote says whether this member votes; where it does not, it asks a voter to let it. A learner itself answers neither.
func (e *etcd) promote() (bool, error) {
	local := e.local.post("/v3/kv/range", map[string]string{"key": "YQ=="}, nil)
	if local == nil {
		return true, nil
	}
	if !strings.Contains(local.Error(), "rpc not supported for learner") {
		return false, local
	}
	voter, err := etcdClient(hostOf(e.srv.settings.text("server", "")))
	if err != nil {
		return false, err
	}
	own, err := e.memberBy(voter)
	if err != nil || !own.IsLearner {
		return false, err
	}
	return false, voter.post("/v3/cluster/member/promote", map[string]string{"ID": own.ID}, nil)
}

// memberBy finds this member in the list that some member gives.
func (e *etcd) memberBy(client *httpsClient) (member, error) {
	var now memberList
	if err := client.post("/v3/cluster/member/list", struct{}{}, &now); err != nil {
		return member{}, err
	}
	for _, one := range now.Members {
		if one.Name == e.name || len(one.PeerURLs) > 0 && one.PeerURLs[0] == e.peerURL() {
			return one, nil
		}
	}
	return member{}, fmt.Errorf("etcd does not know its member %s", e.name)
}

func (e *etcd) apiServerFlags() []string {
	return []string{"--etcd-servers=https://127.0.0.1:2379", "--etcd-cafile=" + inTLS("etcd/server-ca.crt"),
		"--etcd-certfile=" + inTLS("etcd/client.crt"), "--etcd-keyfile=" + inTLS("etcd/client.key")}
}

func (e *etcd) shared() bool { return true }
