// What a lab host runs: its first process with systemctl and journalctl, and the lab's stand-in for k3s.
module seldon-k3s/tests/lab/host

go 1.25.0

require go.yaml.in/yaml/v3 v3.0.4
