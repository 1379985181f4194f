/**
 * What runs in a pod that measures: a Python program without packages, because the inference servers' images all have
 * Python, so that nothing has to be pulled that a node with a server pod does not have already; and because a shell
 * cannot tell microseconds.
 *
 * It answers on the ports of `PROBE_PORTS` with two bytes, as the other end of a way between two such pods, and on
 * `PROBE_CONTROL`, bound to loopback and so reached by port-forward only, it takes jobs (checks/bench/job.ts).
 */
export const CLIENT_PROGRAM = `
import json, os, socket, threading, time

def serve(address, port, handle):
    listener = socket.create_server((address, port), backlog=128)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection,), daemon=True).start()

REPLY = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 2\\r\\n\\r\\nok"

def respond(connection):
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pending = b""
        while True:
            got = connection.recv(65536)
            if not got:
                return
            pending += got
            while b"\\r\\n\\r\\n" in pending:
                _, pending = pending.split(b"\\r\\n\\r\\n", 1)
                connection.sendall(REPLY)
    except OSError:
        pass
    finally:
        connection.close()

class Way:
    """One connection that is kept open; asking again after a fault opens a new one."""
    def __init__(self, job):
        self.job = job
        self.link = None
        self.rest = b""

    def open(self):
        self.close()
        self.link = socket.create_connection((self.job["address"], self.job["port"]), timeout=self.job["timeout"])
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        if self.link is not None:
            self.link.close()
        self.link, self.rest = None, b""

    def more(self):
        got = self.link.recv(65536)
        if not got:
            raise OSError("the connection was closed in the middle of an answer")
        self.rest += got

    def until(self, mark):
        while mark not in self.rest:
            self.more()
        head, self.rest = self.rest.split(mark, 1)
        return head

    def take(self, count):
        while len(self.rest) < count:
            self.more()
        body, self.rest = self.rest[:count], self.rest[count:]
        return body

    def ask(self):
        """Sends the request and reads the whole answer; its status."""
        if self.link is None:
            self.open()
        self.link.sendall(self.job["bytes"])
        lines = self.until(b"\\r\\n\\r\\n").decode("latin-1").split("\\r\\n")
        status = int(lines[0].split(" ")[1])
        headers = dict((key.strip().lower(), value.strip().lower()) for key, _, value in (line.partition(":") for line in lines[1:]))
        if headers.get("transfer-encoding") == "chunked":
            while True:
                size = int(self.until(b"\\r\\n").split(b";")[0], 16)
                self.take(size + 2)
                if size == 0:
                    break
        else:
            self.take(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        return status

class Tally:
    """What came of requests; the first fault in words."""
    def __init__(self, expected):
        self.expected, self.answers, self.failures, self.fault = expected, 0, 0, None
        self.lock = threading.Lock()

    def count(self, way):
        """Milliseconds of one request, or nothing when it had not the answer that it must have."""
        try:
            if way.link is None:
                way.open()
            started = time.perf_counter()
            status = way.ask()
            took = 1000 * (time.perf_counter() - started)
            fault = None if not self.expected or status in self.expected else "status %d" % status
        except (OSError, ValueError, IndexError) as error:
            way.close()
            fault = "%s: %s" % (type(error).__name__, error)
        with self.lock:
            if fault is None:
                self.answers += 1
                return took
            self.failures += 1
            self.fault = self.fault or fault
            return None

def measure(job):
    body = job["body"].encode()
    head = ["%s %s HTTP/1.1" % (job["method"], job["path"]), "Host: %s:%d" % (job["host"], job["port"])]
    head += ["%s: %s" % pair for pair in job["headers"].items()] + ["Content-Length: %d" % len(body), "", ""]
    job["bytes"] = "\\r\\n".join(head).encode() + body
    # Once: what is measured is the way, not the cluster's DNS.
    job["address"] = socket.gethostbyname(job["host"])
    end = time.monotonic() + job["deadline"]
    tally, latency, connects = Tally(job["expect"]), [], []
    way = Way(job)
    for _ in range(job["warmup"]):
        tally.count(way)
    tally = Tally(job["expect"])
    for _ in range(job["requests"]):
        if time.monotonic() > end:
            break
        took = tally.count(way)
        if took is not None:
            latency.append(took)
    way.close()
    for _ in range(job["connects"]):
        if time.monotonic() > end:
            break
        try:
            started = time.perf_counter()
            way.open()
            connects.append(1000 * (time.perf_counter() - started))
        except OSError as error:
            tally.failures += 1
            tally.fault = tally.fault or "%s: %s" % (type(error).__name__, error)
        way.close()
    sequential = tally.answers
    began = time.monotonic()
    stop = min(end, began + job["seconds"])
    def push():
        own = Way(job)
        while time.monotonic() < stop:
            if tally.count(own) is None:
                time.sleep(0.01)
        own.close()
    workers = [threading.Thread(target=push, daemon=True) for _ in range(job["concurrency"])]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - began
    return {
        "latencyMs": [round(value, 4) for value in latency], "connectMs": [round(value, 4) for value in connects],
        "answers": tally.answers - sequential, "seconds": seconds,
        "failures": tally.failures, "fault": tally.fault,
    }

def control(connection):
    try:
        pending = b""
        while b"\\r\\n\\r\\n" not in pending:
            got = connection.recv(65536)
            if not got:
                return
            pending += got
        head, body = pending.split(b"\\r\\n\\r\\n", 1)
        lines = head.decode("latin-1").lower().split("\\r\\n")
        length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        try:
            status, answer = "200 OK", measure(json.loads(body))
        except Exception as error:
            status, answer = "500 Failed", {"error": "%s: %s" % (type(error).__name__, error)}
        text = json.dumps(answer).encode()
        connection.sendall(("HTTP/1.1 %s\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n" % (status, len(text))).encode() + text)
    except OSError:
        pass
    finally:
        connection.close()

for port in os.environ["PROBE_PORTS"].split():
    threading.Thread(target=serve, args=(os.environ["PROBE_BIND"], int(port), respond), daemon=True).start()
serve("127.0.0.1", int(os.environ["PROBE_CONTROL"]), control)
`;

/** What the container runs instead of the probes' own program. */
export const CLIENT_COMMAND = ["python3", "-u", "-c", CLIENT_PROGRAM] as const;
