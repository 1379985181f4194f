# Getting K3s' files: from a folder of this machine or by download, and none is used before its SHA-256 is right.
# Sourced, never run.
# shellcheck shell=sh
# shellcheck disable=SC2154 # arch is the program's

STAGING=$STATE_DIR/staging

# machine_arch: amd64 or arm64, as K3s calls them.
machine_arch() {
  case $(uname -m) in
  x86_64) echo amd64 ;;
  aarch64) echo arm64 ;;
  *) fail "this machine is $(uname -m); allowed: x86_64, aarch64" ;;
  esac
}

# download URL FILE: the URL reaches the tool on its standard input, because a mirror's may hold a password.
download() {
  if has curl; then
    curl -fsSL --retry 3 --connect-timeout 20 --proto '=http,https' -o "$2" -K - 2>"$WORK/download-error" <<URL
url = "$(printf '%s' "$1" | sed -e 's/[\\"]/\\&/g')"
URL
  elif has wget; then
    printf '%s\n' "$1" | wget -q -t 3 -T 60 -O "$2" -i - 2>"$WORK/download-error"
  else
    fail "neither curl nor wget is here, so nothing can be downloaded; install one, or give k3s.install.folder"
  fi
}

# without_login URL
without_login() { printf '%s' "$1" | sed -e 's|://[^/@]*@|://[secret]@|'; }

# fetch KEY FILE: the file that the request pins under KEY (its keys KEY-url and KEY-sha256, or with an architecture) lies
# in the staging folder as FILE. What is there already with the right SHA-256 is used.
fetch() {
  case $1 in
  installer) fetch_url=$(value installer-url) fetch_pin=$(value installer-sha256) ;;
  *) fetch_url=$(value "$1-url-$arch") fetch_pin=$(value "$1-sha256-$arch") ;;
  esac
  case $fetch_pin in
  *[!0-9a-f]* | '') fail "$1: there is no SHA-256 for it in the request, and nothing unpinned is used; run npm run pin -- <stack>" ;;
  esac
  [ "${#fetch_pin}" = 64 ] || fail "$1: got a SHA-256 of ${#fetch_pin} digits, allowed are 64; run npm run pin -- <stack>"
  (umask 077 && mkdir -p "$STAGING")
  if [ -f "$STAGING/$2" ] && [ "$(sha256 "$STAGING/$2")" = "$fetch_pin" ]; then return 0; fi
  fetch_folder=$(value folder)
  if [ -n "$fetch_folder" ]; then
    fetch_from=$fetch_folder/$2
    [ -f "$fetch_from" ] || fail "$fetch_from is not there; put the file into k3s.install.folder of this machine, or leave that key out to have it downloaded"
    cp -- "$fetch_from" "$STAGING/$2" || fetch_failed "cannot copy $fetch_from"
  else
    [ -n "$fetch_url" ] || fail "$1: there is neither a URL nor a folder in the request; run npm run pin -- <stack>"
    fetch_from=$(without_login "$fetch_url")
    say "downloading $fetch_from"
    download "$fetch_url" "$STAGING/$2" ||
      fetch_failed "cannot download $fetch_from: $(head -n 1 "$WORK/download-error" | sed -e 's|://[^/@ ]*@|://[secret]@|')"
  fi
  fetch_got=$(sha256 "$STAGING/$2")
  [ "$fetch_got" = "$fetch_pin" ] ||
    fetch_failed "$fetch_from has not the pinned bytes: got SHA-256 $fetch_got, allowed is $fetch_pin"
}

fetch_failed() {
  fetch_room=$(free_mib "$STATE_DIR")
  rm -rf "$STAGING"
  drop_folder_if_empty "$STATE_DIR"
  fail "$1 ($fetch_room MiB were free in $STATE_DIR); nothing was placed. Mend the source or the pin (npm run pin -- <stack>), or make room"
}

# binary_name, images_name: under their own names, as the release has them.
binary_name() { if [ "$arch" = amd64 ]; then echo k3s; else echo "k3s-$arch"; fi; }
images_name() { echo "k3s-airgap-images-$arch.tar.zst"; }
IMAGES_DIR=/var/lib/rancher/k3s/agent/images

# fetch_all: installer, binary and, where they are pinned, images.
fetch_all() {
  fetch installer install.sh
  fetch binary "$(binary_name)"
  if [ -n "$(value "images-sha256-$arch")" ]; then fetch images "$(images_name)"; fi
}

# put_images: where K3s looks for images when it starts.
put_images() {
  [ -f "$STAGING/$(images_name)" ] || return 0
  same_file "$STAGING/$(images_name)" 0644 "$IMAGES_DIR/$(images_name)" ||
    put_file "$STAGING/$(images_name)" 0644 "$IMAGES_DIR/$(images_name)"
}

# --- versions ----------------------------------------------------------------------------------------------------------

# version_numbers VERSION: "MAJOR MINOR PATCH RC BUILD" of a version such as v1.33.8+k3s1; nothing for anything else. A
# release comes after its candidates.
version_numbers() {
  printf '%s\n' "$1" | sed -n -e 's/^v\([0-9]*\)\.\([0-9]*\)\.\([0-9]*\)+k3s\([0-9]*\)$/\1 \2 \3 9999 \4/p' \
    -e 's/^v\([0-9]*\)\.\([0-9]*\)\.\([0-9]*\)-rc\([0-9]*\)+k3s\([0-9]*\)$/\1 \2 \3 \4 \5/p'
}

# version_order A B: older, same or newer, as A is to B.
version_order() {
  {
    version_numbers "$1"
    version_numbers "$2"
  } | awk '
    NR == 1 { for (i = 1; i <= 5; i++) a[i] = $i }
    NR == 2 { for (i = 1; i <= 5; i++) if (a[i] + 0 != $i + 0) { print (a[i] + 0 < $i + 0 ? "older" : "newer"); exit } print "same" }
  '
}

# installed_version BINARY
installed_version() { "$1" --version 2>/dev/null | awk 'NR == 1 { print $3 }'; }
