#!/bin/sh
# Stands for K3s' installer: unit, links and uninstaller, as it makes them with SKIP_DOWNLOAD and SKIP_START.
set -eu
echo "installer SKIP_DOWNLOAD=$INSTALL_K3S_SKIP_DOWNLOAD SKIP_START=$INSTALL_K3S_SKIP_START EXEC=$INSTALL_K3S_EXEC" >>/fake/calls
if [ "$(cat /fake/fuse 2>/dev/null)" = installer ]; then kill -9 "$PPID"; fi
name=k3s
if [ "$INSTALL_K3S_EXEC" = agent ]; then name=k3s-agent; fi
cat >"/etc/systemd/system/$name.service" <<UNIT
[Service]
Type=notify
EnvironmentFile=-/etc/systemd/system/$name.service.env
ExecStart=/usr/local/bin/k3s \\
    $INSTALL_K3S_EXEC \\

UNIT
: >"/etc/systemd/system/$name.service.env"
ln -sf k3s /usr/local/bin/kubectl
script=/usr/local/bin/k3s-uninstall.sh
if [ "$name" = k3s-agent ]; then script=/usr/local/bin/k3s-agent-uninstall.sh; fi
cat >"$script" <<UNINSTALL
#!/bin/sh
systemctl stop $name
systemctl disable $name
rm -f /etc/systemd/system/$name.service /etc/systemd/system/$name.service.env /usr/local/bin/kubectl
rm -rf /etc/rancher/k3s /var/lib/rancher/k3s /var/lib/kubelet
rm -f /usr/local/bin/k3s \$0
UNINSTALL
chmod 755 "$script"
