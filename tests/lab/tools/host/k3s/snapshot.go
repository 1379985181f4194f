package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// snapshotCommand is `k3s etcd-snapshot save|ls|delete`.
func snapshotCommand(args []string) error {
	action := "save"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		action, args = args[0], args[1:]
	}
	options := flag.NewFlagSet("etcd-snapshot", flag.ContinueOnError)
	name := options.String("name", "on-demand", "base name of the snapshot")
	folder := options.String("dir", snapshotFolder, "where snapshots are kept")
	options.StringVar(folder, "etcd-snapshot-dir", snapshotFolder, "the same")
	if err := options.Parse(args); err != nil {
		return err
	}
	if !exists(etcdFolder) {
		return errors.New("unable to perform etcd snapshot on non-etcd system")
	}
	switch action {
	case "save":
		return saveSnapshot(*folder, *name)
	case "ls", "list", "l":
		return listSnapshots(*folder)
	case "delete":
		for _, one := range options.Args() {
			if err := os.Remove(filepath.Join(*folder, filepath.Base(one))); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("No help topic for '%s'", action)
	}
}

func saveSnapshot(folder, name string) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	path := filepath.Join(folder, fmt.Sprintf("%s-%s-%d", name, strings.ToLower(host), time.Now().Unix()))
	file, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(path + ".part")
	defer file.Close()
	if err := streamSnapshot(file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := os.Rename(path+".part", path); err != nil {
		return err
	}
	info("Snapshot %s saved.", filepath.Base(path))
	return nil
}

// streamSnapshot takes etcd's own snapshot (with the hash at its end, which a restore checks) through the JSON gateway,
// which sends it as a row of JSON objects.
func streamSnapshot(target io.Writer) error {
	client, err := etcdClient("127.0.0.1")
	if err != nil {
		return err
	}
	client.client.Timeout = 5 * time.Minute
	response, err := client.client.Post(client.base+"/v3/maintenance/snapshot", "application/json", strings.NewReader("{}"))
	if err != nil {
		return fmt.Errorf("etcd does not answer; does k3s run? %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd: %s", response.Status)
	}
	for decoder := json.NewDecoder(response.Body); ; {
		var part struct {
			Result struct {
				Blob string `json:"blob"`
			} `json:"result"`
			Error json.RawMessage `json:"error"`
		}
		if err := decoder.Decode(&part); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if part.Error != nil {
			return fmt.Errorf("etcd: %s", part.Error)
		}
		blob, err := base64.StdEncoding.DecodeString(part.Result.Blob)
		if err != nil {
			return err
		}
		if _, err := target.Write(blob); err != nil {
			return err
		}
	}
}

func listSnapshots(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	fmt.Println("Name Location Size Created")
	for _, entry := range entries {
		about, err := entry.Info()
		if err != nil || strings.HasSuffix(entry.Name(), ".part") {
			continue
		}
		fmt.Printf("%s file://%s %d %s\n", entry.Name(), filepath.Join(folder, entry.Name()), about.Size(), about.ModTime().UTC().Format(time.RFC3339))
	}
	return nil
}
