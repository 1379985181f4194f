package cni

import (
	"testing"

	"seldon-k3s/tests/lab/tools/labtool/agent"
)

func TestAddresses(t *testing.T) {
	networksFolder = t.TempDir()
	blocks := agent.Blocks{Ranges: []string{"10.42.200.0/30", "10.42.200.8/31"}, Tunnel: "10.42.200.0"}
	m, unlock, err := openAddresses("net")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	assign := func(owner string) string {
		address, err := m.assign(blocks, owner)
		if err != nil {
			t.Fatalf("%s: %v", owner, err)
		}
		return address.String()
	}
	// The tunnel's own address is left out; the blocks follow each other.
	for i, want := range []string{"10.42.200.1", "10.42.200.2", "10.42.200.3", "10.42.200.8"} {
		if got := assign(string(rune('a' + i))); got != want {
			t.Errorf("address %d: got %s, want %s", i, got, want)
		}
	}
	if got := assign("b"); got != "10.42.200.2" {
		t.Errorf("who has an address keeps it: got %s", got)
	}
	if err := m.release("b"); err != nil {
		t.Fatal(err)
	}
	// Not the one just let go, though it is free: the next behind the last.
	if got := assign("e"); got != "10.42.200.9" {
		t.Errorf("got %s, want 10.42.200.9", got)
	}
	if got := assign("f"); got != "10.42.200.2" {
		t.Errorf("got %s, want 10.42.200.2", got)
	}
	if _, err := m.assign(blocks, "g"); err == nil {
		t.Error("a full node still gave an address")
	}
}
