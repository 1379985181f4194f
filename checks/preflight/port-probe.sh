#!/bin/sh
# Finds out whether packets get from one machine to another on a port that nothing listens on yet.
#
#   port-probe listen udp|tcp ADDRESS PORT SECONDS   listens until its standard input ends, at most so long; prints
#                                                    `ready`, then `got TOKEN SIZE` for what arrives
#   port-probe send udp PORT TOKEN SIZES ADDRESS...  sends datagrams of each size (10,1472) three times, never fragmented;
#                                                    prints `too-big SIZE` where the machine itself refuses one
#   port-probe reach PORT SECONDS ADDRESS...         opens a TCP connection to each; prints `ADDRESS open|refused|silent`
#
# It needs one of python3, perl and socat; K3s brings a socat along. It prints `no-tool` where there is none, and `busy` where
# the port is taken. Nothing is installed, written or left.
set -eu
PATH="${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/sbin:/sbin:/usr/libexec:/var/lib/rancher/k3s/data/current/bin"
export PATH

if [ $# -lt 3 ]; then
  echo 'usage: port-probe listen udp|tcp ADDRESS PORT SECONDS | send udp PORT TOKEN SIZES ADDRESS... | reach PORT SECONDS ADDRESS...' >&2
  exit 2
fi

# A tool counts when it really runs: a name may be a stub.
find_tool() {
  for tool in ${PORT_PROBE_TOOLS:-python3 platform-python perl socat}; do
    case $tool in
    socat) if socat -V >/dev/null 2>&1; then echo socat; return; fi ;;
    perl) if perl -MSocket -e 1 >/dev/null 2>&1; then echo perl; return; fi ;;
    *) if "$tool" -c 'import socket' >/dev/null 2>&1; then echo "$tool"; return; fi ;;
    esac
  done
}
tool=$(find_tool)
if [ -z "$tool" ]; then
  echo no-tool
  exit 0
fi

python='
import errno, select, socket, sys, time
what, args = sys.argv[1], sys.argv[2:]
def say(*words):
    print(*words, flush=True)
def listen(kind, address, port, seconds):
    end = time.monotonic() + float(seconds)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    if kind == "tcp":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind((address, int(port)))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return say("busy")
        raise
    if kind == "tcp":
        s.listen(64)
    say("ready")
    while time.monotonic() < end:
        readable = select.select([s, sys.stdin], [], [], max(0, end - time.monotonic()))[0]
        if s in readable:
            if kind == "udp":
                data = s.recv(65535)
                words = data.decode("latin1").split()
                if words[:1] == ["seldon-k3s"]:
                    say("got", words[1], len(data))
            else:
                s.accept()[0].close()
        elif sys.stdin in readable and not sys.stdin.buffer.raw.read(1):
            return
def send(kind, port, token, sizes, *addresses):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, 10, 2)
    for round in range(3):
        for address in addresses:
            for size in sizes.split(","):
                data = ("seldon-k3s " + token + " ").encode().ljust(int(size), b"x")
                try:
                    s.sendto(data, (address, int(port)))
                except OSError as error:
                    if error.errno == errno.EMSGSIZE:
                        say("too-big", size)
        time.sleep(0.2)
def reach(port, seconds, *addresses):
    for address in addresses:
        try:
            socket.create_connection((address, int(port)), float(seconds)).close()
            say(address, "open")
        except ConnectionRefusedError:
            say(address, "refused")
        except OSError:
            say(address, "silent")
{"listen": listen, "send": send, "reach": reach}[what](*args)
'

# shellcheck disable=SC2016 # Perl's own variables
perl='
use strict; use Socket; use Errno qw(EADDRINUSE EMSGSIZE ECONNREFUSED EINPROGRESS); use Fcntl; $| = 1;
my ($what, @args) = @ARGV;
if ($what eq "listen") {
  my ($kind, $address, $port, $seconds) = @args; my $end = time + $seconds; my $udp = $kind eq "udp";
  socket(my $s, PF_INET, $udp ? SOCK_DGRAM : SOCK_STREAM, 0) or die $!;
  setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1) unless $udp;
  unless (bind($s, sockaddr_in($port, inet_aton($address)))) { if ($! == EADDRINUSE) { print "busy\n"; exit 0 } die $! }
  listen($s, 64) unless $udp;
  print "ready\n";
  while ((my $left = $end - time) > 0) {
    my $bits = ""; vec($bits, fileno($s), 1) = 1; vec($bits, 0, 1) = 1;
    select(my $out = $bits, undef, undef, $left) or next;
    if (vec($out, fileno($s), 1)) {
      if ($udp) { recv($s, my $data, 65535, 0); print "got $1 ", length($data), "\n" if $data =~ /^seldon-k3s (\S+)/ }
      else { accept(my $c, $s); close $c }
    }
    elsif (vec($out, 0, 1) && !sysread(STDIN, my $byte, 1)) { exit 0 }
  }
} elsif ($what eq "send") {
  my ($kind, $port, $token, $sizes, @addresses) = @args;
  socket(my $s, PF_INET, SOCK_DGRAM, 0) or die $!; setsockopt($s, 0, 10, 2);
  for my $round (1 .. 3) {
    for my $address (@addresses) { for my $size (split /,/, $sizes) {
      my $data = "seldon-k3s $token "; $data .= "x" x ($size - length $data);
      defined send($s, $data, 0, sockaddr_in($port, inet_aton($address))) or $! != EMSGSIZE or print "too-big $size\n";
    } }
    select(undef, undef, undef, 0.2);
  }
} else {
  my ($port, $seconds, @addresses) = @args;
  for my $address (@addresses) {
    socket(my $s, PF_INET, SOCK_STREAM, 0) or die $!; fcntl($s, F_SETFL, O_NONBLOCK);
    my $said = "silent";
    if (connect($s, sockaddr_in($port, inet_aton($address)))) { $said = "open" }
    elsif ($! == ECONNREFUSED) { $said = "refused" }
    elsif ($! == EINPROGRESS) {
      my $bits = ""; vec($bits, fileno($s), 1) = 1;
      if (select(undef, $bits, undef, $seconds)) { $! = unpack("i", getsockopt($s, SOL_SOCKET, SO_ERROR)); $said = !$! ? "open" : $! == ECONNREFUSED ? "refused" : "silent" }
    }
    print "$address $said\n";
  }
}
'

# A line of SIZE bytes, its end included.
payload() { printf "%-$(($2 - 1))s\n" "seldon-k3s $1 $2" | tr ' ' '_' | sed -e 's/^seldon-k3s_/seldon-k3s /'; }

with_socat() {
  case $1 in
  listen)
    if [ "$2" = udp ]; then listener="UDP4-RECV:$4,bind=$3"; else listener="TCP4-LISTEN:$4,bind=$3,reuseaddr,fork"; fi
    folder=$(mktemp -d)
    timeout "$5" socat -u "$listener" "OPEN:$folder/got,creat,append" 2>"$folder/said" &
    sleep 1
    if grep -q 'Address already in use' "$folder/said"; then echo busy; else echo ready; fi
    # Until the input ends.
    timeout "$5" cat >/dev/null || true
    kill $! 2>/dev/null || true
    if [ -f "$folder/got" ]; then sed -n -e 's/^seldon-k3s \([^_]*\)_\([0-9]*\).*/got \1 \2/p' "$folder/got"; fi
    rm -r "$folder"
    ;;
  send)
    port=$3 token=$4 sizes=$5
    shift 5
    for address; do
      for size in $(echo "$sizes" | tr , ' '); do
        for round in 1 2 3; do
          : "$round"
          payload "$token" "$size" | socat -u -b 65535 STDIN "UDP4-SENDTO:$address:$port,ip-mtu-discover=2" 2>&1 |
            sed -n -e "s/.*Message too long.*/too-big $size/p"
        done
      done
    done
    ;;
  reach)
    port=$2 seconds=$3
    shift 3
    for address; do
      if said=$(socat -u /dev/null "TCP4:$address:$port,connect-timeout=$seconds" 2>&1); then echo "$address open"; else
        case $said in *refused*) echo "$address refused" ;; *) echo "$address silent" ;; esac
      fi
    done
    ;;
  esac
}

case $tool in
socat) with_socat "$@" ;;
perl) exec perl -e "$perl" "$@" ;;
*) exec "$tool" -c "$python" "$@" ;;
esac
